-- Counts and total amounts of the closed deals of each pair of levels of two features that are known at creation.

{% set names = creation_features() -%}

with

deals as (

    select * from {{ ref('deal_features') }} where not is_open

),

features as (

    {{ compared_features() }}

),

-- A group has the levels of two features; the others are null.
pairs as (

    select
        {% for place, features in [(1, names), (2, names | reverse | list)] -%}
        case
            {%- for name in features %}
            when grouping({{ name }}) = 0 then '{{ name }}'
            {%- endfor %}
        end as feature_{{ place }},
        cast(coalesce({{ (features + ['null']) | join(', ') }}) as {{ dbt.type_string() }}) as level_{{ place }},
        {% endfor -%}
        {{ deal_counts() }},
        {{ deal_amounts('amount') }}
    from deals
    group by grouping sets (
        {%- for feature_1 in names %}
        {%- set is_first = loop.first %}
        {%- for feature_2 in names[loop.index:] %}
        {{- ', ' if not (is_first and loop.first) }}({{ feature_1 }}, {{ feature_2 }})
        {%- endfor %}
        {%- endfor %}
    )

),

final as (

    select pairs.*
    from pairs
    inner join features as features_1 on pairs.feature_1 = features_1.feature
    inner join features as features_2 on pairs.feature_2 = features_2.feature

)

select * from final
