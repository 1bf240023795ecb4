-- The records of scores that this build uses: those of earlier as-of dates. So a second build of an export finds what
-- the first one found.

with

final as (

    select records.*
    from {{ ref('raw_state_scores') }} as records
    inner join {{ ref('as_of_dates') }} as as_of_dates on records.as_of_date < as_of_dates.as_of_date

)

select * from final
