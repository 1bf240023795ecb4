-- The bands of every numeric feature: above `lower_edge`, up to and including `upper_edge`. Edges are
-- given in `vars`, or are quantiles of the closed deals. Those are values that occur, so that another
-- currency changes the names of the bands and nothing else.

{% set bands = var('features')['numeric'] -%}

with

closed_deals as (

    select * from {{ ref('stg_deals') }} where not is_open

),

-- All quantiles of all features, in one row and one pass.
quantiles as (

    select
        {% for feature, wanted in bands.items() if wanted is number -%}
        {% for part in range(1, wanted) -%}
        percentile_disc({{ part / wanted }}) within group (order by {{ feature }}) as {{ feature }}_{{ part }},
        {% endfor -%}
        {% endfor -%}
        count(*) as n_closed_deals
    from closed_deals

),

edges as (

    select
        cast(null as string) as feature,
        cast(null as double) as edge
    where false
    {% for feature, wanted in bands.items() -%}
    {% for part in (range(1, wanted) if wanted is number else wanted) -%}
    union all
    select
        '{{ feature }}' as feature,
        {{ "quantiles." ~ feature ~ "_" ~ part if wanted is number else "cast(" ~ part ~ " as double)" }} as edge
    {{ "from quantiles" if wanted is number }}
    {% endfor -%}
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
        lag(edge) over (partition by feature order by edge asc) as lower_edge,
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
        cast(row_number() over (partition by feature order by lower_edge nulls first) as bigint) as band_order,
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
