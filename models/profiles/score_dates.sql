-- The dates on which deals are scored: the as-of date, and the month ends before it, on which a model of what was
-- known then is tried (score_backtest). Beside them the days to the end of the quarter, and of the next.

with

as_of_dates as (

    select * from {{ ref('as_of_dates') }}

),

dates as (

    select
        as_of_date as score_date,
        true as is_as_of
    from as_of_dates
    {% for months in range(var('backtest_months')) -%}
    union all
    select
        {{ add_days(add_months("cast(date_trunc('month', as_of_date) as date)", -months), -1) }} as score_date,
        false as is_as_of
    from as_of_dates
    {% endfor %}
),

quarters as (

    select
        dates.*,
        {{ quarter_start('dates.score_date', 'fiscal_calendars.start_month') }} as quarter_start
    from dates
    cross join {{ ref('fiscal_calendars') }} as fiscal_calendars

),

final as (

    select
        score_date,
        is_as_of,
        {{ days_between('score_date', add_days(add_quarters('quarter_start', 1), -1)) }} as days_to_quarter_end,
        {{ days_between('score_date', add_days(add_quarters('quarter_start', 2), -1)) }} as days_to_next_quarter_end
    from quarters

)

select * from final
