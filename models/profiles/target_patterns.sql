-- Of each period of the present for which there is a target: which share of the amount won in whole earlier periods was
-- won by the same day of the period. Null where the data hold fewer than `min_pattern_periods` of them.

{% set max_periods = 12 -%}

with

periods as (

    select distinct
        period_start,
        n_months,
        as_of_date,
        {{ days_between('period_start', 'as_of_date') }} as n_days
    from {{ ref('target_periods') }}
    where is_current and period_start <= as_of_date

),

numbers as (

    {% for number in range(1, max_periods + 1) -%}
    select {{ number }} as n_back
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

earlier as (

    select
        periods.period_start as of_period,
        periods.n_months,
        periods.n_days,
        {{ add_months('periods.period_start', '-periods.n_months * numbers.n_back') }} as period_start,
        {{ add_months('periods.period_start', '-periods.n_months * (numbers.n_back - 1)') }} as next_start
    from periods
    cross join numbers

),

won_days as (

    select
        closed_date,
        {{ sum_amount('deal_amount') }} as won_amount
    from {{ ref('stg_deals') }}
    where is_won = 1 and exists (select 1 from periods)
    group by closed_date

),

whole as (

    select
        earlier.of_period,
        earlier.n_months,
        earlier.period_start,
        {{ sum_amount('won_days.won_amount') }} as won_amount,
        {{ sum_amount(
            'case when won_days.closed_date <= ' ~ add_days('earlier.period_start', 'earlier.n_days')
            ~ ' then won_days.won_amount end'
        ) }} as won_amount_by_then
    from earlier
    cross join {{ ref('coverage') }} as coverage
    left join won_days
        on earlier.period_start <= won_days.closed_date and earlier.next_start > won_days.closed_date
    where earlier.period_start >= coverage.first_complete_closed_date
    group by earlier.of_period, earlier.n_months, earlier.period_start

),

final as (

    select
        of_period as period_start,
        n_months,
        count(*) as n_pattern_periods,
        case
            when count(*) >= {{ var('min_pattern_periods') }}
                then {{ sum_amount('won_amount_by_then') }} / nullif({{ sum_amount('won_amount') }}, 0)
        end as share_of_pattern
    from whole
    group by of_period, n_months

)

select * from final
