{# Date arithmetic that stays a date. #}

{# The last day that can have happened when dbt starts: in the east it is a day later than in UTC. #}
{% macro last_day_of_building() -%}
    cast('{{ (run_started_at + modules.datetime.timedelta(days=1)).strftime("%Y-%m-%d") }}' as date)
{%- endmacro %}

{% macro add_days(date, days) -%}
    cast({{ dbt.dateadd('day', days, date) }} as date)
{%- endmacro %}

{% macro add_quarters(date, quarters) -%}
    cast({{ dbt.dateadd('month', '3 * (' ~ quarters ~ ')', date) }} as date)
{%- endmacro %}

{# 2026-06-30 -> '2026 Q2' #}
{% macro quarter_name(date) -%}
    extract(year from {{ date }}) || ' Q' || extract(quarter from {{ date }})
{%- endmacro %}
