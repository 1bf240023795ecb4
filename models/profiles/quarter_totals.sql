-- Counts of the closed deals of each quarter before the later window of a comparison: how far quarters differ.

with

windows as (

    select * from {{ ref('comparison_windows') }}

),

closed_deals as (

    select * from {{ ref('stg_deals') }} where not is_open

),

dated as (

    select
        windows.comparison,
        windows.basis,
        windows.first_date,
        windows.after_start,
        case windows.basis
            {%- for basis, date in basis_dates().items() %}
            when '{{ basis }}' then cast(date_trunc('quarter', deals.{{ date }}) as date)
            {%- endfor %}
        end as quarter_start,
        deals.is_won
    from windows
    cross join closed_deals as deals

),

final as (

    select
        comparison,
        basis,
        quarter_start,
        count(*) as n_deals,
        cast(sum(is_won) as bigint) as n_won
    from dated
    where quarter_start >= first_date and quarter_start < after_start
    group by comparison, basis, quarter_start

)

select * from final
order by comparison, basis, quarter_start
