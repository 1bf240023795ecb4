-- The day the export speaks of, in one row: the one that was asked for, or the
-- newest date in the data. An open deal's close date is a hope, so it does not count.

{% set asked_for = "cast(" ~ ("'" ~ var('as_of_date') ~ "'" if var('as_of_date') else "null") ~ " as date)" -%}

with

typed_rows as (

    select * from {{ ref('typed_rows') }}

),

newest as (

    select
        max(created_date) as newest_created_date,
        max(case when not is_open then close_date end) as newest_closed_date
    from typed_rows
    where read_error is null

),

final as (

    select coalesce({{ asked_for }}, greatest(newest_created_date, newest_closed_date)) as as_of_date
    from newest

)

select * from final
