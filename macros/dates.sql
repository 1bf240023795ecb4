{# Date arithmetic that stays a date. #}

{# A day that a variable gives; null where it is empty. #}
{% macro day_of(variable) -%}
    try_cast('{{ var(variable) }}' as date)
{%- endmacro %}

{% macro add_days(date, days) -%}
    cast({{ dbt.dateadd('day', days, date) }} as date)
{%- endmacro %}

{% macro add_quarters(date, quarters) -%}
    cast({{ dbt.dateadd('month', '3 * (' ~ quarters ~ ')', date) }} as date)
{%- endmacro %}
