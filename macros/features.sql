{# The feature list, read from `vars` and nowhere else. #}

{% macro categorical_features() -%}
    {{ return(var('features')['categorical']) }}
{%- endmacro %}

{% macro numeric_features() -%}
    {{ return(var('features')['numeric'].keys() | list) }}
{%- endmacro %}

{% macro feature_names() -%}
    {{ return(categorical_features() + numeric_features()) }}
{%- endmacro %}

{# Features whose value an open deal already has: what a score may use. #}
{% macro creation_features() -%}
    {{ return(feature_names() | reject('in', var('known_at_close')) | list) }}
{%- endmacro %}

{# One key per distinct combination of levels; a '|' inside a level is doubled, so that no two share a key. #}
{% macro profile_id(features) -%}
    md5(concat_ws(' | '
    {%- for feature in features %}, replace({{ feature }}, '|', '||'){% endfor -%}
    ))
{%- endmacro %}
