{# Days that a variable gives, and steps of whole quarters. The other date functions stand in dialect/. #}

{# A day that a variable gives; null where it is empty. #}
{% macro day_of(variable) -%}
    try_cast('{{ var(variable) }}' as date)
{%- endmacro %}

{% macro add_quarters(date, quarters) -%}
    {{ return(add_months(date, '3 * (' ~ quarters ~ ')')) }}
{%- endmacro %}

{# 2026-06-30 -> '2026 Q2' #}
{% macro quarter_name(date) -%}
    extract(year from {{ date }}) || ' Q' || extract(quarter from {{ date }})
{%- endmacro %}

{# The quarters of a window of whole quarters: '2026 Q1', or '2025 Q3 to 2025 Q4'. #}
{% macro quarter_range(first_day, last_day) -%}
    case
        when {{ quarter_name(first_day) }} = {{ quarter_name(last_day) }} then {{ quarter_name(first_day) }}
        else {{ quarter_name(first_day) }} || ' to ' || {{ quarter_name(last_day) }}
    end
{%- endmacro %}
