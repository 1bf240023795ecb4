{# Values of deals in the exports that the state has on record; models/staging/history/ reads them. #}

{# The columns that say how the tracked columns of an export were read. #}
{% macro readings(relation) -%}
    {%- for column in var('tracked_columns') -%}
        {{ relation }}.reading_of_{{ column }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# The tracked columns of a relation. #}
{% macro tracked(relation) -%}
    {%- for column in var('tracked_columns') -%}
        {{ relation }}.{{ column }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# Whether two relations differ in the creation date or a tracked column. #}
{% macro tracked_differ(relation, other) -%}
    (
        {{ relation }}.created_date is distinct from {{ other }}.created_date
        {%- for column in var('tracked_columns') %}
        or {{ relation }}.{{ column }} is distinct from {{ other }}.{{ column }}
        {%- endfor %}
    )
{%- endmacro %}
