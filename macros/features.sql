{# The features, read from the variable `features`. #}

{% macro categorical_features() -%}
    {{ return(var('features')['categorical']) }}
{%- endmacro %}

{% macro numeric_features() -%}
    {{ return(var('features')['numeric'].keys() | list) }}
{%- endmacro %}

{% macro feature_names() -%}
    {{ return(categorical_features() + numeric_features()) }}
{%- endmacro %}

{# How many bands a numeric feature has at most: quantiles may coincide. #}
{% macro n_bands(feature) -%}
    {%- set bands = var('features')['numeric'][feature] -%}
    {{ return(bands if bands is number else (bands | length) + 1) }}
{%- endmacro %}

{# Features whose value is known at creation: an open deal has it, so a score may use it. #}
{% macro creation_features() -%}
    {{ return(feature_names() | reject('in', var('known_at_close')) | list) }}
{%- endmacro %}

{# Levels that are no segment: values that are missing, and rare values together. #}
{% macro no_segment_levels() -%}
    {{ return(['Unknown', 'Other']) }}
{%- endmacro %}

{# A CTE body: the features that are compared, as rows of one column, `feature`: those with more than one level. #}
{% macro compared_features() -%}
    select feature from {{ ref('feature_timing') }} where known_at is not null
{%- endmacro %}

{# The level that a deal has of the feature in the column `feature`. #}
{% macro level_of(features, feature='features.feature', deals='deals') -%}
    cast(case {{ feature }}
        {%- for name in features %}
        when '{{ name }}' then {{ deals }}.{{ name }}
        {%- endfor %}
    end as {{ dbt.type_string() }})
{%- endmacro %}

{# A query with one row per feature and level: the columns `feature` and `level`, and the aggregates.
   relation: with a column per feature. others: columns of which each combination has rows of its own. #}
{% macro per_level(features, aggregates, relation='deals', others=[]) -%}
    {% for feature in features -%}
    select
        {% for other in others -%}
        {{ other }},
        {% endfor -%}
        '{{ feature }}' as feature,
        cast({{ feature }} as {{ dbt.type_string() }}) as level,
        {{ aggregates }}
    from {{ relation }}
    group by {{ (others + [feature]) | join(', ') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
{%- endmacro %}

{# The same in one pass, with `group by {{ level_sets(...) }}`: the columns `feature` and `found`, 'all' for all rows
   together. features: column names, behind `prefix`. #}
{% macro level_columns(features, prefix='') -%}
    coalesce(
        {%- for feature in features %}
        case when grouping({{ prefix }}{{ feature }}) = 0 then '{{ feature }}' end,
        {%- endfor %}
        'all'
    ) as feature,
    coalesce(
        {%- for feature in features %}
        {{ prefix }}{{ feature }},
        {%- endfor %}
        'all'
    ) as found
{%- endmacro %}

{# The sets of a `group by`: all rows, and the levels of each feature. In a row only the feature of its own set has a
   level. groups: columns of each set; of_all: of the set of all rows, where it has others. #}
{% macro level_sets(groups, features, prefix='', of_all=none) -%}
    grouping sets (
        ({{ of_all or groups }})
        {%- for feature in features %},
        ({{ groups }}, {{ prefix }}{{ feature }})
        {%- endfor %}
    )
{%- endmacro %}

{# A category of the export as public text: null where it is unknown, unless it is a feature: then that is a level. #}
{% macro level_or_null(column) -%}
    {%- set level = 'cast(' ~ column ~ ' as ' ~ dbt.type_string() ~ ')' -%}
    {{ return(level if column in feature_names() else "nullif(" ~ level ~ ", 'Unknown')") }}
{%- endmacro %}

{# Columns of deal_features as the text that Python gets: in a table of deals they may be an ENUM. #}
{% macro as_text(columns) -%}
    {%- for column in columns -%}
    cast({{ column }} as {{ dbt.type_string() }}) as {{ column }},
    {% endfor -%}
{%- endmacro %}
