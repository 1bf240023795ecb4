-- How many deals closed within 12 hours of the end of a quarter by a moment with a time zone, in one row: their quarter
-- depends on the time zone in which days are counted. With a time zone in the settings there are none.

with

closes as (

    select
        close_date,
        is_close_near_month_end,
        count(*) as n_closed
    from {{ ref('checked_rows') }}
    where reject_code is null and not is_open and close_date is not null
    group by close_date, is_close_near_month_end

),

placed as (

    select
        closes.n_closed,
        closes.is_close_near_month_end
        and (
            closes.close_date = {{ quarter_start('closes.close_date', 'fiscal_calendars.start_month') }}
            or {{ add_days('closes.close_date', '1') }}
            = {{ quarter_start(add_days('closes.close_date', '1'), 'fiscal_calendars.start_month') }}
        ) as is_near_quarter_end
    from closes
    cross join {{ ref('fiscal_calendars') }} as fiscal_calendars

),

final as (

    select
        {{ whole_sum('n_closed') }} as n_closed,
        {{ whole_sum('case when is_near_quarter_end then n_closed end') }} as n_near_quarter_end
    from placed

)

select * from final
