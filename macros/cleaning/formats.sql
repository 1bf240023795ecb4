{# How the cells of a whole file show which format it has. #}

{# Whether the cells that prove one format are outliers among those that prove the other: 1% or fewer. #}
{% macro is_rare(n_outliers, n_others) -%}
    {{ n_others }} > 0 and {{ n_outliers }} <= 0.01 * {{ n_others }}
{%- endmacro %}

{# The decimal mark that an amount proves: '.' or ','. '.?' or ',?' where '1.234' may be decimals or
   thousands; null where there is no mark. #}
{% macro decimal_mark_of(x) -%}
    {%- set bare = replace_matches(bare_number(x), '[()-]') -%}
    case
        when {{ matches(bare, proof_of_mark('[.]', ',')) }} then '.'
        when {{ matches(bare, proof_of_mark(',', '[.]')) }} then ','
        when {{ matches(bare, '[1-9][0-9]{0,2}[.][0-9]{3}') }} then '.?'
        when {{ matches(bare, '[1-9][0-9]{0,2},[0-9]{3}') }} then ',?'
    end
{%- endmacro %}

{# The pattern of amounts in which `mark` can only be the decimal mark and `separator` only stand
   between thousands: not three decimals; four digits before the mark; both marks; the separator twice. #}
{% macro proof_of_mark(mark, separator) -%}
    {%- set thousands = '[0-9]{1,3}(' ~ separator ~ '[0-9]{3})' -%}
    {{ return([
        thousands ~ '*' ~ mark ~ '([0-9]{1,2}|[0-9]{4,})',
        '[0-9]{4,}' ~ mark ~ '[0-9]+',
        thousands ~ '+' ~ mark ~ '[0-9]+',
        thousands ~ '{2,}',
    ] | join('|')) }}
{%- endmacro %}
