-- Every target of the user's targets.csv with the days of its period in the fiscal calendar of the build. A year that
-- is named as one that begins in another month has none where years begin in January.

with

targets as (

    select * from {{ ref('raw_targets') }}

),

dated as (

    select
        targets.*,
        fiscal_calendars.start_month,
        as_of_dates.as_of_date,
        case
            when targets.n_months = 1 then targets.first_day
            when fiscal_calendars.start_month > 1 or not targets.is_fiscal_name
                then {{ add_months('targets.first_day', 'fiscal_calendars.start_month - 1') }}
        end as period_start
    from targets
    cross join {{ ref('fiscal_calendars') }} as fiscal_calendars
    cross join {{ ref('as_of_dates') }} as as_of_dates

),

ended as (

    select
        *,
        {{ add_days(add_months('period_start', 'n_months'), '-1') }} as period_end
    from dated

),

final as (

    select
        file_line,
        case n_months
            when 1 then {{ as_month('extract(month from period_start)') }} || ' ' || extract(year from period_start)
            when 3 then {{ quarter_name('period_start', 'start_month') }}
            else {{ year_name('period_start', 'start_month') }}
        end as period,
        case n_months when 1 then 'month' when 3 then 'quarter' else 'year' end as grain,
        period_text,
        period_start,
        period_end,
        n_months,
        as_of_date,
        as_of_date >= period_end as is_over,
        as_of_date < period_end and {{ add_days('as_of_date', '1') }} >= period_start as is_current,
        case when owner is not null then 'owner' when team is not null then 'team' else 'all' end as entity_type,
        coalesce(owner, team, 'all') as entity_id,
        owner_key,
        team_key,
        amount as target_amount
    from ended

)

select * from final
order by file_line
