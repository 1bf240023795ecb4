-- What would have been forecast on past month ends, and what the deals then open brought.

with

as_of_dates as (

    select * from {{ ref('as_of_dates') }}

),

-- On the last day of a quarter there is no forecast for what is left of it.
horizons as (

    {% for horizon, days in [('this quarter', 'days_to_quarter_end'), ('next quarter', 'days_to_next_quarter_end')] -%}
    select
        score_date,
        '{{ horizon }}' as horizon,
        {{ days }} as horizon_days,
        {{ add_days('score_date', days) }} as horizon_end,
        {{ "days_to_quarter_end = 0" if horizon == 'next quarter' else 'false' }} as is_whole_quarter
    from {{ ref('score_dates') }}
    where not is_as_of and {{ days }} > 0
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

then_open as (

    select * from {{ ref('targets_then_open') }}

),

totals as (

    select
        horizons.score_date,
        horizons.horizon,
        count(*) as n_open_deals,
        {{ sum_amount('then_open.amount') }} as open_amount,
        {{ sum_amount(
            'case when then_open.is_won = 1 and then_open.days_until_close <= horizons.horizon_days then then_open.amount end'
        ) }} as won_amount
    from horizons
    inner join then_open on horizons.score_date = then_open.score_date
    group by horizons.score_date, horizons.horizon

),

estimates as (

    select
        *,
        cast(score_date as date) as forecast_date
    from {{ ref('est_forecast_backtest') }}

),

compared as (

    select
        totals.score_date,
        totals.horizon,
        horizons.horizon_end,
        horizons.is_whole_quarter,
        totals.n_open_deals,
        totals.open_amount,
        estimates.expected_amount,
        estimates.p10_amount,
        estimates.p50_amount,
        estimates.p90_amount,
        case when horizons.horizon_end <= as_of_dates.as_of_date then totals.won_amount end as won_amount
    from totals
    inner join horizons on totals.score_date = horizons.score_date and totals.horizon = horizons.horizon
    inner join estimates on totals.score_date = estimates.forecast_date and totals.horizon = estimates.horizon
    cross join as_of_dates

),

final as (

    select
        *,
        won_amount between p10_amount and p90_amount as is_inside
    from compared

)

select * from final
order by score_date, horizon
