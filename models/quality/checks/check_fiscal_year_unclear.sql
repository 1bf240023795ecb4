-- Fiscal periods in the export that do not say when the fiscal year starts, or that contradict the setting.

with

calendars as (

    select * from {{ ref('fiscal_calendars') }}

),

columns_there as (

    select count(title) > 0 as has_fiscal_periods
    from {{ ref('raw_columns') }}
    where column_name = 'fiscal_period'

),

found as (

    select
        calendars.n_periods as n_deals,
        case
            when calendars.start_month_from = 'setting'
                then
                    'The fiscal periods of ' || {{ as_count('calendars.n_agreeing') }} || ' of '
                    || {{ as_deals('calendars.n_periods') }} || ' say that the fiscal year starts in '
                    || {{ as_month('calendars.inferred_month') }} || '. Quarters follow the setting '
                    || 'fiscal_year_start_month, which says ' || {{ as_month('calendars.start_month') }} || '.'
            else
                case
                    when calendars.n_periods < {{ enough_dates() }}
                        then
                            'A close date and a fiscal period that can be read, such as Q1-2026, are in '
                            || {{ as_deals('calendars.n_periods') }}
                            || ', too few to infer when the fiscal year starts.'
                    when calendars.n_possible_months = 0
                        then
                            'The fiscal periods of ' || {{ as_deals('calendars.n_periods') }}
                            || ' contradict each other: no more than '
                            || {{ as_percent('cast(calendars.n_agreeing as double) / nullif(calendars.n_periods, 0)') }}
                            || ' of them agree with one start of the fiscal year ('
                            || {{ as_month('calendars.best_month') }} || ').'
                    else
                        'The fiscal periods of ' || {{ as_deals('calendars.n_periods') }}
                        || ' agree with more than one start of the fiscal year, such as '
                        || {{ as_month('calendars.best_month') }} || ': the deals closed in too few months.'
                end
                || ' Quarters are those of the calendar year, unless the setting fiscal_year_start_month says '
                || 'otherwise.'
        end as message
    from calendars
    cross join columns_there
    where
        case
            when calendars.start_month_from = 'setting' then calendars.inferred_month != calendars.start_month
            else columns_there.has_fiscal_periods and calendars.inferred_month is null
        end

)

{{ check_shape('found', severity='warning') }}
