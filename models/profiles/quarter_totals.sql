-- Counts of the closed deals of each quarter before the later window of a comparison: how far quarters differ.

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
        {{ deal_counts() }}
    from deals
    group by deal_date
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

quarters as (

    select
        days.basis,
        {{ quarter_start('days.deal_date', 'fiscal_calendars.start_month') }} as quarter_start,
        cast(sum(days.n_deals) as bigint) as n_deals,
        cast(sum(days.n_won) as bigint) as n_won
    from days
    cross join {{ ref('fiscal_calendars') }} as fiscal_calendars
    group by days.basis, quarter_start

),

final as (

    select
        windows.comparison,
        windows.basis,
        quarters.quarter_start,
        quarters.n_deals,
        quarters.n_won
    from windows
    inner join quarters on windows.basis = quarters.basis
    where quarters.quarter_start >= windows.first_date and quarters.quarter_start < windows.after_start

)

select * from final
order by comparison, basis, quarter_start
