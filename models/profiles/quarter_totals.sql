-- Counts of the closed deals of each quarter before the later window of a comparison: how far quarters differ.

with

windows as (

    select * from {{ ref('comparison_windows') }}

),

deals as (

    select * from {{ ref('stg_deals') }} where not is_open

),

quarters as (

    {% for basis, date in basis_dates().items() -%}
    select
        '{{ basis }}' as basis,
        cast(date_trunc('quarter', {{ date }}) as date) as quarter_start,
        count(*) as n_deals,
        cast(sum(is_won) as bigint) as n_won
    from deals
    group by quarter_start
    {{ 'union all' if not loop.last }}
    {% endfor %}
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
