-- Counts and amounts of the closed deals of each level by month, by close date and by creation date.

with

dated as (

    {% for basis in basis_dates() -%}
    select
        '{{ basis }}' as basis,
        {{ basis }}_month as month_start,
        *
    from {{ ref('segment_counts') }}
    where {{ basis }}_month is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

final as (

    select
        basis,
        month_start,
        feature,
        level,
        {{ whole_sum('n_deals') }} as n_deals,
        {{ whole_sum('n_won') }} as n_won,
        {{ whole_sum('closed_cents') }} as closed_cents,
        {{ whole_sum('won_cents') }} as won_cents
    from dated
    group by basis, month_start, feature, level

)

select * from final
