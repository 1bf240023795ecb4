-- The bands of every numeric feature: above `lower_edge`, up to and with `upper_edge`.
-- Edges are given in `vars`, or are quantiles of the closed deals, rounded to two digits.

{% set bands = var('features')['numeric'] -%}

with

closed_deals as (

    select * from {{ ref('stg_deals') }} where not is_open

),

edges as (

    {% for feature, wanted in bands.items() -%}
    {% if wanted is number -%}
    {% for part in range(1, wanted) -%}
    select
        '{{ feature }}' as feature,
        {{ round_to_two_digits("quantile_cont(" ~ feature ~ ", " ~ part / wanted ~ ")") }} as edge
    from closed_deals
    {{ 'union all' if not loop.last }}
    {% endfor -%}
    {% else -%}
    {% for edge in wanted -%}
    select
        '{{ feature }}' as feature,
        cast({{ edge }} as double) as edge
    {{ 'union all' if not loop.last }}
    {% endfor -%}
    {% endif -%}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

distinct_edges as (

    select distinct
        feature,
        edge
    from edges
    where edge is not null

),

-- n edges make n + 1 bands: each edge closes one, and the last is open.
bands as (

    select
        feature,
        lag(edge) over (partition by feature order by edge) as lower_edge,
        edge as upper_edge
    from distinct_edges

    union all

    select
        feature,
        max(edge) as lower_edge,
        cast(null as double) as upper_edge
    from distinct_edges
    group by feature

),

final as (

    select
        feature,
        lower_edge,
        upper_edge,
        row_number() over (partition by feature order by lower_edge nulls first) as band_order,
        case
            when lower_edge is null then 'up to ' || {{ plain_number('upper_edge') }}
            when upper_edge is null then 'over ' || {{ plain_number('lower_edge') }}
            when lower_edge = floor(lower_edge) and upper_edge = floor(upper_edge)
                then {{ plain_number('lower_edge + 1') }} || '-' || {{ plain_number('upper_edge') }}
            else 'over ' || {{ plain_number('lower_edge') }} || ' to ' || {{ plain_number('upper_edge') }}
        end as level
    from bands

)

select * from final
