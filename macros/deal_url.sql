{# The address of a deal in the CRM: `deal_url_pattern` with its id; null without a pattern. #}
{% macro deal_url(deal_id) -%}
    {%- set address = [] -%}
    {%- for part in var('deal_url_pattern').split('{deal_id}') -%}
        {%- do address.append(dbt.string_literal(dbt.escape_single_quotes(part))) -%}
    {%- endfor -%}
    cast({{ address | join(' || ' ~ url_encoded(deal_id) ~ ' || ') if address | length > 1 else 'null' }} as {{ dbt.type_string() }})
{%- endmacro %}
