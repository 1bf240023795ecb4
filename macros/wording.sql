{# How numbers and names read in the sentences of SQL models, and the only place where a number becomes
   text. The Python twin is winrate/wording.py; tests/python/test_wording.py compares the two. Both round
   halves to the even digit and never write a negative zero
   (docs/decisions/0011-one-rounding-for-sentences.md). Null gives null. #}

{# A number with one decimal place: -10.44 -> '-10.4' #}
{% macro as_decimal(value) -%}
    case
        when abs({{ value }}) < 0.05 then '0.0'
        else {{ fixed_1(value) }}
    end
{%- endmacro %}

{# The same with its sign: 8 -> '+8.0' #}
{% macro as_signed_decimal(value) -%}
    case
        when abs({{ value }}) < 0.05 then '+0.0'
        else {{ signed_1(value) }}
    end
{%- endmacro %}

{# 0.3124 -> '31.2%' #}
{% macro as_percent(rate) -%}
    {{ fixed_1('100 * ' ~ rate) }} || '%'
{%- endmacro %}

{# A size in percentage points, without its sign: -10.44 -> '10.4 points' #}
{% macro as_points(value_pp) -%}
    {{ fixed_1('abs(' ~ value_pp ~ ')') }} || ' points'
{%- endmacro %}

{# In percentage points: -14.9, -5.9 -> '95% interval -14.9 to -5.9' #}
{% macro as_interval(low_pp, high_pp) -%}
    '95% interval ' || {{ as_decimal(low_pp) }} || ' to ' || {{ as_decimal(high_pp) }}
{%- endmacro %}

{# Of shares: 0.082, 0.185 -> '95% interval 8.2% to 18.5%' #}
{% macro as_percent_interval(low, high) -%}
    '95% interval ' || {{ as_percent(low) }} || ' to ' || {{ as_percent(high) }}
{%- endmacro %}

{# 1234567.8 -> '1,234,568' #}
{% macro as_count(value) -%}
    case when abs({{ value }}) <= 0.5 then '0' else {{ thousands(value) }} end
{%- endmacro %}

{# An amount in its currency: 1234567.8, 'EUR' -> '€1,234,568'; 'CHF' -> 'CHF 1,234,568'; in an unknown one, null,
   '1,234,568' #}
{% macro as_amount(value, currency) -%}
    coalesce(
        case {{ currency }}
            when 'USD' then '$'
            when 'EUR' then '€'
            when 'GBP' then '£'
            when 'JPY' then '¥'
            when 'INR' then '₹'
            else
                {{ currency }}
                || case when length({{ currency }}) >= 3 and right({{ currency }}, 1) != '$' then ' ' else '' end
        end,
        ''
    ) || {{ as_count(value) }}
{%- endmacro %}

{# 1 -> '1 deal', 5000 -> '5,000 deals' #}
{% macro as_deals(n) -%}
    {{ as_count(n) }} || case when {{ n }} = 1 then ' deal' else ' deals' end
{%- endmacro %}

{# 1 -> '1 day', 30 -> '30 days' #}
{% macro as_days(days) -%}
    {{ as_count(days) }} || case when {{ days }} = 1 then ' day' else ' days' end
{%- endmacro %}

{# 2026-06-30 -> '2026', or 'FY2026/27' where the fiscal year starts in another month than January. #}
{% macro year_name(date, start_month) -%}
    {%- set year = 'extract(year from ' ~ fiscal_month(date, start_month) ~ ')' -%}
    case
        when {{ start_month }} = 1 then '' || {{ year }}
        else 'FY' || {{ year }} || '/' || right('0' || mod({{ year }} + 1, 100), 2)
    end
{%- endmacro %}

{# The same with the quarter: '2026 Q2', or 'FY2026/27 Q2'. The names of one calendar sort by time. #}
{% macro quarter_name(date, start_month) -%}
    (
        {{ year_name(date, start_month) }}
        || ' Q' || extract(quarter from {{ fiscal_month(date, start_month) }})
    )
{%- endmacro %}

{# 2 -> 'February' #}
{% macro as_month(month) -%}
    case {{ month }}
        {%- for name in [
            'January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October',
            'November', 'December',
        ] %}
        when {{ loop.index }} then '{{ name }}'
        {%- endfor %}
    end
{%- endmacro %}

{# The quarters of a window of whole quarters: '2026 Q1', or '2025 Q3 to 2025 Q4'. #}
{% macro quarter_range(first_day, last_day, start_month) -%}
    {%- set first_name, last_name = quarter_name(first_day, start_month), quarter_name(last_day, start_month) -%}
    {{ first_name }} || case when {{ first_name }} != {{ last_name }} then ' to ' || {{ last_name }} else '' end
{%- endmacro %}

{# 'lead_source' -> 'Lead source', 'crm_ID' -> 'Crm ID' #}
{% macro feature_title(feature) -%}
    upper(left(replace({{ feature }}, '_', ' '), 1)) || substr(replace({{ feature }}, '_', ' '), 2)
{%- endmacro %}

{# 'lead_source', 'Partner' -> 'Lead source Partner' #}
{% macro level_title(feature, level) -%}
    {{ feature_title(feature) }} || ' ' || {{ level }}
{%- endmacro %}

{# 'Lead source Partner: -12.3 points' #}
{% macro reason_text(feature, level, contribution_pp) -%}
    {{ level_title(feature, level) }} || ': ' || {{ as_signed_decimal(contribution_pp) }} || ' points'
{%- endmacro %}
