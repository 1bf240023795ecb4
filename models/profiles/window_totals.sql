-- Counts and total amounts of the closed deals in both windows of each comparison, by close date and by
-- creation date, and the counts of the same windows a year earlier where the data reach back so far. The
-- names of the quarters are for sentences.

with

windows as (

    select * from {{ ref('comparison_windows') }}

),

deals as (

    select * from {{ ref('stg_deals') }} where not is_open

),

days as (

    {% for basis, date in basis_dates().items() -%}
    select
        '{{ basis }}' as basis,
        {{ date }} as deal_date,
        {{ counted_deals('deal_amount') }}
    from deals
    group by deal_date
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

dated as (

    select
        windows.*,
        days.deal_date,
        days.n_deals,
        days.n_won,
        days.closed_cents,
        days.won_cents
    from windows
    inner join days on windows.basis = days.basis

),

totals as (

    select
        comparison,
        is_primary,
        basis,
        before_start,
        before_end,
        after_start,
        after_end,
        {{ window_sums('before', 'deal_date between before_start and before_end') }},
        {{ window_sums('after', 'deal_date between after_start and after_end') }},
        {{ year_ago_counts('before', 'deal_date') }},
        {{ year_ago_counts('after', 'deal_date') }}
    from dated
    group by all

),

final as (

    select
        totals.*,
        {{ quarter_range('totals.before_start', 'totals.before_end', 'fiscal_calendars.start_month') }}
            as before_quarters,
        {{ quarter_range('totals.after_start', 'totals.after_end', 'fiscal_calendars.start_month') }} as after_quarters
    from totals
    cross join {{ ref('fiscal_calendars') }} as fiscal_calendars

)

select * from final
order by comparison, basis
