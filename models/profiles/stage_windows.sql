-- The windows of each comparison for deals by the day on which they entered a stage. They start when slow deals are
-- among those that enter a stage, and when the history has begun; they end early enough to follow each deal for
-- `horizon_days`. No row without a stage history.

with

starts as (

    select min(entered_date) as first_entered_date
    from {{ ref('deal_stays') }}

),

bases as (

    select
        'entered' as basis,
        greatest(coverage.first_complete_closed_date, {{ first_complete_date('starts.first_entered_date') }})
            as first_date,
        {{ add_days('as_of_dates.as_of_date', '-horizons.horizon_days') }} as last_date,
        {{ whole_quarters_end(
            add_days('as_of_dates.as_of_date', '-horizons.horizon_days'), 'fiscal_calendars.start_month'
        ) }} as quarters_end,
        horizons.horizon_days,
        fiscal_calendars.start_month
    from {{ ref('stage_horizons') }} as horizons
    cross join starts
    cross join {{ ref('coverage') }} as coverage
    cross join {{ ref('as_of_dates') }} as as_of_dates
    cross join {{ ref('fiscal_calendars') }} as fiscal_calendars

),

{{ compared_windows('bases') }},

final as (

    select
        windows.comparison,
        windows.is_primary,
        windows.before_start,
        windows.before_end,
        windows.after_start,
        windows.after_end,
        bases.horizon_days,
        case
            when windows.n_months > 0 then windows.before_start || ' to ' || windows.before_end
            else {{ quarter_range('windows.before_start', 'windows.before_end', 'bases.start_month') }}
        end as before_name,
        case
            when windows.n_months > 0 then windows.after_start || ' to ' || windows.after_end
            else {{ quarter_range('windows.after_start', 'windows.after_end', 'bases.start_month') }}
        end as after_name
    from windows
    cross join bases
    where windows.before_start >= windows.first_date

)

select * from final
