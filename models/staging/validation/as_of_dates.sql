-- The day the export speaks of, in one row: the one that was asked for, or the newest date in the
-- data. An open deal's close date is a hope, so it does not count; nor does a slip of the keyboard
-- such as 2205, which stands far beyond all others or after the latest date that there can be.

with

typed_rows as (

    select * from {{ ref('typed_rows') }} where read_error is null

),

days as (

    select
        day,
        count(*) as n_rows
    from (
        select created_date as day from typed_rows
        union all
        select close_date as day from typed_rows where not is_open
    ) as dates
    where day is not null
    group by day

),

neighbours as (

    select
        day,
        lag(day) over (order by day) as day_before,
        sum(n_rows) over (order by day desc) as n_rows_from_here,
        sum(n_rows) over () as n_rows_in_all
    from days

),

first_slip as (

    select min(day) as first_slip_date
    from neighbours
    where
        day > greatest({{ day_of('latest_date') }}, {{ day_of('as_of_date') }})
        or (
            {{ dbt.datediff('day_before', 'day', 'day') }} > {{ var('max_silent_days') }}
            and n_rows_from_here <= case when n_rows_in_all >= 20 then greatest(1, 0.01 * n_rows_in_all) else 0 end
        )

),

final as (

    select
        coalesce(
            {{ day_of('as_of_date') }},
            max(case when first_slip_date is null or day < first_slip_date then day end)
        ) as as_of_date,
        max(first_slip_date) as first_slip_date
    from first_slip
    left join days on true

)

select * from final
