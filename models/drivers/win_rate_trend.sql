-- The win rate by month and quarter, by close date and by creation date, with the limits within which it
-- varies by chance (p-chart at three standard errors; Shewhart 1931).

with

deals as (

    select * from {{ ref('stg_deals') }}

),

as_of_dates as (

    select * from {{ ref('as_of_dates') }}

),

dated as (

    {% for basis, date in basis_dates().items() -%}
    {% set outer_last = loop.last -%}
    {% for grain in ['month', 'quarter'] -%}
    select
        '{{ basis }}' as basis,
        '{{ grain }}' as grain,
        cast(date_trunc('{{ grain }}', {{ date }}) as date) as period_start,
        is_won,
        deal_amount,
        sales_cycle_days
    from deals
    where {{ date }} is not null
    {{ 'union all' if not (loop.last and outer_last) }}
    {% endfor -%}
    {% endfor %}
),

created as (

    {% for grain in ['month', 'quarter'] -%}
    select
        '{{ grain }}' as grain,
        cast(date_trunc('{{ grain }}', created_date) as date) as period_start,
        count(*) as n_created,
        {{ sum_amount('deal_amount') }} as created_amount
    from deals
    group by period_start
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

periods as (

    select
        basis,
        grain,
        period_start,
        {{ deal_counts() }},
        {{ deal_amounts() }},
        {{ mean_of('sales_cycle_days') }} as mean_cycle_days
    from dated
    group by basis, grain, period_start

),

overall as (

    select
        {{ win_rate('sum(is_won)', 'count(is_won)') }} as win_rate,
        {{ first_complete_date('min(created_date)') }} as first_complete_date
    from deals

),

final as (

    select
        periods.basis,
        periods.grain,
        periods.period_start,
        periods.n_deals,
        periods.n_won,
        {{ win_rate('periods.n_won', 'periods.n_deals') }} as win_rate,
        {{ wilson_low('periods.n_won', 'periods.n_deals') }} as win_rate_low,
        {{ wilson_high('periods.n_won', 'periods.n_deals') }} as win_rate_high,
        {{ amount_weighted_win_rate('periods.won_amount', 'periods.closed_amount') }} as amount_weighted_win_rate,
        greatest(
            overall.win_rate - 3 * sqrt(overall.win_rate * (1 - overall.win_rate) / nullif(periods.n_deals, 0)), 0
        ) as control_low,
        least(
            overall.win_rate + 3 * sqrt(overall.win_rate * (1 - overall.win_rate) / nullif(periods.n_deals, 0)), 1
        ) as control_high,
        periods.period_start >= overall.first_complete_date
        and case periods.grain
            when 'month' then {{ add_months('periods.period_start', '1') }}
            else {{ add_quarters('periods.period_start', '1') }}
        end <= {{ add_days('as_of_dates.as_of_date', '1') }} as is_complete,
        coalesce(created.n_created, 0) as n_created,
        coalesce(created.created_amount, 0) as created_amount,
        periods.mean_cycle_days
    from periods
    cross join overall
    cross join as_of_dates
    left join created
        on periods.grain = created.grain and periods.period_start = created.period_start

)

select * from final
order by basis, grain, period_start
