-- What became of the deals that were open on earlier score dates: one row per target and outcome, by the days until the
-- deal closed; null where it is still open.

with

then_open as (

    select * from {{ ref('targets_then_open') }}

),

final as (

    select
        score_id,
        start_date,
        cast(days_until_close as bigint) as days_until_close,
        cast(is_won as bigint) as is_won,
        count(*) as n_deals
    from then_open
    group by all

)

select * from final
order by all
