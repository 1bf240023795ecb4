{# How text becomes an amount, a currency and a decimal mark. #}

{# The currency codes that may stand beside an amount. Other capitals, such as MIO or TBD, are none. #}
{% macro currency_codes() -%}
    {{ return(
        'AED|ARS|AUD|BRL|CAD|CHF|CLP|CNY|COP|CZK|DKK|EUR|GBP|HKD|HUF|IDR|ILS|INR|JPY|'
        ~ 'KRW|MXN|MYR|NGN|NOK|NZD|PHP|PLN|RON|RUB|SAR|SEK|SGD|THB|TRY|TWD|UAH|USD|VND|'
        ~ 'ZAR'
    ) }}
{%- endmacro %}

{# A currency sign, also one of several dollars. Other capitals are none: 5 M$ is not 5 dollars. #}
{% macro currency_sign() -%}
    {{ return('(?:A|AU|C|CA|HK|MX|NT|NZ|R|S|SG|US)?\\p{Sc}') }}
{%- endmacro %}

{# A currency as figures name it: a code or a sign, in capitals. #}
{% macro currency_name() -%}
    {{ return('[A-Z]{3}|' ~ currency_sign()) }}
{%- endmacro %}

{# A number without currency signs and codes, Swiss apostrophes, and spaces between thousands or beside
   a sign or the k of thousands. Thousands are joined in two passes, because a match uses up its digits. #}
{% macro bare_number(x) -%}
    {%- set codes = currency_codes() -%}
    {%- set without_currency = replace_matches(
        x, currency_sign() ~ '|\\b(' ~ codes ~ ')|(' ~ codes ~ ")\\b|['’]"
    ) -%}
    {%- set with_minus = "replace(trim(" ~ without_currency ~ "), '−', '-')" -%}
    {%- set with_sign_beside = replace_matches(
        with_minus, '([(+-])[\\t\\n\\f\\r \\p{Z}]+|[\\t\\n\\f\\r \\p{Z}]+([)]|[kK]\\z)', '\\1\\2'
    ) -%}
    {{ return(thousands_joined(thousands_joined(with_sign_beside))) }}
{%- endmacro %}

{# '1 234' as '1234'. #}
{% macro thousands_joined(x) -%}
    {{ return(replace_matches(x, '([0-9])[\\t\\n\\f\\r \\p{Z}]([0-9]{3})\\b', '\\1\\2')) }}
{%- endmacro %}

{# A bare number with a decimal comma as one with a decimal point. #}
{% macro with_decimal_point(bare) -%}
    translate({{ bare }}, '.,', ',.')
{%- endmacro %}

{# A bare number as double, null where it is none. Commas between thousands (also the Indian way) and
   accounting brackets are understood, 12k for 12,000, and the dash of '$ -', which is zero. #}
{% macro number(bare) -%}
    case
        when {{ bare }} = '-' then cast(0 as double)
        when {{ matches(bare, '[+-]?[0-9]{1,15}([.][0-9]+)?') }}
            then cast({{ bare }} as double)
        when {{ matches(bare, '[+-]?[0-9]{1,3}(,[0-9]{2,3}){0,4},[0-9]{3}([.][0-9]+)?') }}
            then cast(replace({{ bare }}, ',', '') as double)
        when {{ matches(bare, '[(][0-9]{1,3}(,?[0-9]{3}){0,4}([.][0-9]+)?[)]') }}
            then -cast({{ replace_matches(bare, '[(),]') }} as double)
        when {{ matches(bare, '[+-]?[0-9]{1,12}([.][0-9]+)?[kK]') }}
            then 1000 * cast({{ replace_matches(bare, '[kK]') }} as double)
    end
{%- endmacro %}

{# A percentage, such as '60', '60%' or '0,6', as double; null where it is none. #}
{% macro percentage(x) -%}
    {%- set pattern = '(100|[0-9]{1,2})([.,][0-9]+)? ?%?' -%}
    case
        when {{ matches(x, pattern) }} then cast(replace(trim(replace({{ x }}, '%', '')), ',', '.') as double)
    end
{%- endmacro %}

{# Whether a bare number, such as '1,234.50' or '(5)', could be an amount in some format. #}
{% macro is_like_number(bare) -%}
    {{ return(matches(bare, '[(-]?[0-9][0-9.,]*[kK]?[)]?')) }}
{%- endmacro %}

{# The currency that an amount names: a code, or the code for which a sign most often stands. #}
{% macro currency_of(x) -%}
    {%- set codes = currency_codes() -%}
    {%- set sign = extract_match(x, currency_sign(), 0) -%}
    coalesce(
        nullif({{ extract_match(x, '\\b(' ~ codes ~ ')|(' ~ codes ~ ')\\b', 0) }}, ''),
        case {{ sign }}
            when '' then null
            when '$' then 'USD'
            when 'US$' then 'USD'
            when '€' then 'EUR'
            when '£' then 'GBP'
            when '¥' then 'JPY'
            when '₹' then 'INR'
            else {{ sign }}
        end
    )
{%- endmacro %}
