{# What a model can say about itself and about others. #}

{# The name of the model that is being compiled; in a unit test, of the model under test. #}
{% macro model_name() -%}
    {{ return((model.tested_node_unique_id or model.unique_id).split('.')[2]) }}
{%- endmacro %}

{# The rows of several models with the same columns, one below the other. #}
{% macro union_all(names) -%}
    {% for name in names -%}
    select * from {{ ref(name) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
{%- endmacro %}
