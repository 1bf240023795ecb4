{# How numbers read in the sentences of SQL models. The Python twin is winrate/wording.py. #}

{# 0.3124 -> '31.2%' #}
{% macro as_percent(rate) -%}
    printf('%.1f%%', 100 * {{ rate }})
{%- endmacro %}

{# A number with one decimal place: -10.44 -> '-10.4' #}
{% macro as_decimal(value) -%}
    printf('%.1f', {{ value }})
{%- endmacro %}

{# A size in percentage points, without its sign: -10.44 -> '10.4 points' #}
{% macro as_points(value_pp) -%}
    printf('%.1f points', abs({{ value_pp }}))
{%- endmacro %}

{# 1234567.8 -> '1,234,568' #}
{% macro as_count(value) -%}
    format('{:,}', cast(round({{ value }}) as bigint))
{%- endmacro %}

{# 1 -> '1 deal', 5000 -> '5,000 deals' #}
{% macro as_deals(n) -%}
    {{ as_count(n) }} || case when {{ n }} = 1 then ' deal' else ' deals' end
{%- endmacro %}

{# 1 -> '1 day', 30 -> '30 days' #}
{% macro as_days(days) -%}
    {{ days }} || case when {{ days }} = 1 then ' day' else ' days' end
{%- endmacro %}

{# 'lead_source' -> 'Lead source' #}
{% macro feature_title(feature) -%}
    upper(left({{ feature }}, 1)) || replace(substr({{ feature }}, 2), '_', ' ')
{%- endmacro %}

{# 'Lead source Partner: -12.3 points' #}
{% macro reason_text(feature, level, contribution_pp) -%}
    {{ feature_title(feature) }} || ' ' || {{ level }} || printf(': %+.1f points', {{ contribution_pp }})
{%- endmacro %}
