{# The address of a deal in the CRM: `deal_url_pattern` with its id; null without a pattern. #}
{% macro deal_url(deal_id) -%}
    {%- set parts = [] -%}
    {%- for part in var('deal_url_pattern').split('{deal_id}') -%}
        {%- do parts.append(dbt.string_literal(dbt.escape_single_quotes(part))) -%}
    {%- endfor -%}
    {%- set address = parts | join(' || ' ~ url_encoded(deal_id) ~ ' || ') if var('deal_url_pattern') else 'null' -%}
    cast({{ address }} as {{ dbt.type_string() }})
{%- endmacro %}
