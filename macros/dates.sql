{# Days that a variable gives, and steps of whole quarters. The other date functions stand in dialect/. #}

{# A day that a variable gives; null where it is empty. #}
{% macro day_of(variable) -%}
    try_cast('{{ run_value(variable) }}' as date)
{%- endmacro %}

{% macro add_quarters(date, quarters) -%}
    {{ return(add_months(date, '3 * (' ~ quarters ~ ')')) }}
{%- endmacro %}
