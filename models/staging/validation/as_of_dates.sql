-- The as-of date, in one row: the one that was asked for, or the newest date in the data. An open deal's
-- close date is only expected, so it does not count; nor does an outlier such as 2205, which is far
-- later than all other dates or after the latest possible date. An export without any date is as of the day
-- of the build.

with

dates_of_deals as (

    select
        created_date,
        case when not is_open then close_date end as last_day,
        count(*) as n_rows
    from {{ ref('typed_rows') }}
    where read_error is null and not coalesce(is_deleted or is_history, false)
    group by created_date, last_day

),

dates as (

    select
        created_date as day,
        n_rows
    from dates_of_deals
    union all
    select
        last_day as day,
        n_rows
    from dates_of_deals

),

days as (

    select
        day,
        sum(n_rows) as n_rows
    from dates
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

first_outlier as (

    select min(day) as first_outlier_date
    from neighbours
    where
        day > greatest({{ day_of('latest_date') }}, {{ day_of('as_of_date') }})
        or (
            {{ days_between('day_before', 'day') }} > {{ var('max_gap_days') }}
            and n_rows_from_here <= case when n_rows_in_all >= 20 then greatest(1, 0.01 * n_rows_in_all) else 0 end
        )

),

newest as (

    select
        max(first_outlier.first_outlier_date) as first_outlier_date,
        max(case
            when first_outlier.first_outlier_date is null or days.day < first_outlier.first_outlier_date then days.day
        end) as newest_date
    from first_outlier
    left join days on true

),

created as (

    select count(created_date) > 0 as has_created_dates from dates_of_deals

),

final as (

    select
        coalesce(
            {{ day_of('as_of_date') }},
            newest.newest_date,
            {{ add_days(day_of('latest_date'), '-1') }}
        ) as as_of_date,
        newest.first_outlier_date,
        created.has_created_dates
    from newest
    cross join created

)

select * from final
