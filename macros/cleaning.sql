{# How a cell of text becomes a value. Each gives null where there is nothing to use. #}

{# Trimmed text; blank cells and the usual words for "nothing" are null. 'NA' is none of them:
   it may be North America. #}
{% macro text(column) -%}
    case
        when lower(trim({{ column }})) not in ('', {{ quoted_list(var('words_for_nothing')) }})
            then trim({{ column }})
    end
{%- endmacro %}

{# Reasons for which a row is passed over without being at fault: declared skips, not rejections. #}
{% macro skip_codes() -%}
    {{ return(['blank_line', 'created_after_as_of_date']) }}
{%- endmacro %}

{# A level of a feature: white space folded, a missing value is the level 'Unknown'. #}
{% macro category(column) -%}
    coalesce(regexp_replace({{ text(column) }}, '\s+', ' ', 'g'), 'Unknown')
{%- endmacro %}

{# A decimal number; currency signs, thousands commas and accounting brackets are understood. #}
{% macro number(column) -%}
    {%- set bare = "regexp_replace(" ~ column ~ ", '[$€£¥\\s]', '', 'g')" -%}
    case
        when regexp_full_match({{ bare }}, '-?\d{1,15}(\.\d{1,15})?')
            then cast({{ bare }} as double)
        when regexp_full_match({{ bare }}, '-?\d{1,3}(,\d{3}){1,4}(\.\d{1,15})?')
            then cast(replace({{ bare }}, ',', '') as double)
        when regexp_full_match({{ bare }}, '\(\d{1,3}(,?\d{3}){0,4}(\.\d{1,15})?\)')
            then -cast(regexp_replace({{ bare }}, '[(),]', '', 'g') as double)
    end
{%- endmacro %}

{# An ISO date; a time of day behind it is dropped. #}
{% macro calendar_date(column) -%}
    case
        when regexp_full_match(trim({{ column }}), '\d{4}-\d{2}-\d{2}([ T][0-9:.]+Z?)?')
            then try_cast(left(trim({{ column }}), 10) as date)
    end
{%- endmacro %}
