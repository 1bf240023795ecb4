-- The win rate by month and quarter, by close date and by creation date, with the limits within which it
-- varies by chance (p-chart at three standard errors; Shewhart 1931) around that of all other periods.
-- The standard error is that of the difference from them, with the win rate of all periods: there may be
-- few others, and none of their deals, or all, may be won.

with

deals as (

    select * from {{ ref('stg_deals') }}

),

as_of_dates as (

    select * from {{ ref('as_of_dates') }}

),

fiscal_calendars as (

    select * from {{ ref('fiscal_calendars') }}

),

months as (

    {% for basis, date in basis_dates().items() -%}
    select
        '{{ basis }}' as basis,
        cast(date_trunc('month', {{ date }}) as date) as month_start,
        {{ counted_deals('deal_amount') }},
        sum({{ cents(lived_cycle_days()) }}) as cycle_cents,
        count({{ lived_cycle_days() }}) as n_cycles,
        count(*) as n_created,
        coalesce(sum({{ cents('deal_amount') }}), 0) as created_cents
    from deals
    where {{ date }} is not null
    group by month_start
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

periods as (

    {% for grain, period_start in {
        'month': 'months.month_start', 'quarter': quarter_start('months.month_start', 'fiscal_calendars.start_month'),
    }.items() -%}
    select
        basis,
        '{{ grain }}' as grain,
        {{ period_start }} as period_start,
        {{ total_deals() }},
        cast(sum(cycle_cents) as double) / 100 / nullif(sum(n_cycles), 0) as mean_cycle_days,
        cast(sum(n_created) as bigint) as n_created,
        cast(sum(created_cents) as double) / 100 as created_amount
    from months
    cross join fiscal_calendars
    group by basis, period_start
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

created as (

    select * from periods where basis = 'created'

),

-- The win rate of the other periods: one that stands out does not widen its own limits.
totals as (

    select
        *,
        sum(n_deals) over (partition by basis, grain) as n_in_all,
        sum(n_won) over (partition by basis, grain) as n_won_in_all
    from periods

),

rates as (

    select
        *,
        {{ win_rate('(n_won_in_all - n_won)', '(n_in_all - n_deals)') }} as centre,
        {{ win_rate('n_won_in_all', 'n_in_all') }} as win_rate_in_all
    from totals

),

centred as (

    select
        *,
        3 * sqrt(
            win_rate_in_all * (1 - win_rate_in_all) * (1.0 / nullif(n_deals, 0) + 1.0 / nullif(n_in_all - n_deals, 0))
        ) as control_width
    from rates

),

coverage as (

    select * from {{ ref('coverage') }}

),

-- A month in which no deal closed is a gap in the data.
closed_months as (

    select
        {{ quarter_start('closed_months.month_start', 'fiscal_calendars.start_month') }} as quarter_start,
        count(*) as n_months
    from {{ ref('closed_months') }} as closed_months
    cross join fiscal_calendars
    group by quarter_start

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
        periods.closed_amount,
        periods.won_amount,
        case
            when periods.control_width is not null then greatest(periods.centre - periods.control_width, 0)
        end as control_low,
        case
            when periods.control_width is not null then least(periods.centre + periods.control_width, 1)
        end as control_high,
        coalesce(case periods.basis
            when 'closed'
                then
                    periods.period_start >= coverage.first_complete_closed_date
                    and (periods.grain = 'month' or closed_months.n_months = 3)
            else periods.period_start >= coverage.first_complete_created_date
        end, false)
        and case periods.grain
            when 'month' then {{ add_months('periods.period_start', '1') }}
            else {{ add_quarters('periods.period_start', '1') }}
        end <= {{ add_days('as_of_dates.as_of_date', '1') }} as is_complete,
        coalesce(created.n_created, 0) as n_created,
        coalesce(created.created_amount, 0) as created_amount,
        periods.mean_cycle_days
    from centred as periods
    cross join coverage
    cross join as_of_dates
    left join created
        on periods.grain = created.grain and periods.period_start = created.period_start
    left join closed_months on periods.period_start = closed_months.quarter_start

)

select * from final
order by basis, grain, period_start
