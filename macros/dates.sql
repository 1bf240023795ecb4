{# Days that a variable gives, and quarters. The other date functions stand in dialect/. #}

{# A day that a variable gives; null where it is empty. #}
{% macro day_of(variable) -%}
    try_cast('{{ run_value(variable) }}' as date)
{%- endmacro %}

{% macro add_quarters(date, quarters) -%}
    {{ return(add_months(date, '3 * (' ~ quarters ~ ')')) }}
{%- endmacro %}

{# ---------- quarters of a fiscal year, which starts in `start_month` (1 to 12; internal.fiscal_calendars) #}

{# The first day of the month that has the place in a calendar year that the month of a date has in its fiscal year:
   the year is the one in which the fiscal year starts, and the quarter is the fiscal quarter. #}
{% macro fiscal_month(date, start_month) -%}
    {{ return(add_months("cast(date_trunc('month', " ~ date ~ ") as date)", '1 - ' ~ start_month)) }}
{%- endmacro %}

{# The first day of the fiscal quarter of a date. #}
{% macro quarter_start(date, start_month) -%}
    {%- set first_day = "cast(date_trunc('quarter', " ~ fiscal_month(date, start_month) ~ ") as date)" -%}
    {{ return(add_months(first_day, start_month ~ ' - 1')) }}
{%- endmacro %}

{# The day after the last fiscal quarter that is whole on this date. #}
{% macro whole_quarters_end(date, start_month) -%}
    {{ return(quarter_start(add_days(date, '1'), start_month)) }}
{%- endmacro %}

{# The number of the fiscal quarter, 1 to 4, of a month, 1 to 12. #}
{% macro quarter_of_month(month, start_month) -%}
    cast(floor(mod({{ month }} - {{ start_month }} + 12, 12) / 3) as integer) + 1
{%- endmacro %}
