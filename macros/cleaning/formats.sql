{# How the cells of a whole file show which format it has. #}

{# Whether the cells that prove one format are outliers among those that prove the other: 1% or fewer. #}
{% macro is_rare(n_outliers, n_others) -%}
    {{ n_others }} > 0 and {{ n_outliers }} <= 0.01 * {{ n_others }}
{%- endmacro %}

{# The cells whose text, a row of date_texts, meets a condition. #}
{% macro n_cells_where(condition) -%}
    cast(coalesce(sum(case when {{ condition }} then n_cells end), 0) as bigint)
{%- endmacro %}

{# So many dates that are alike are no coincidence. #}
{% macro enough_dates() -%}
    8
{%- endmacro %}

{# Whether a spreadsheet has read some of the dates of a column of export_formats with day and month exchanged. #}
{% macro is_half_converted() -%}
    n_one_order >= {{ enough_dates() }} and {{ is_rare('n_both_orders', 'n_one_order') }}
    and n_early_days >= {{ enough_dates() }} and {{ is_rare('n_late_days', 'n_early_days') }}
{%- endmacro %}

{# Whether the short dates of export_formats begin with a year. #}
{% macro is_short_year_first() -%}
    short_dates.n_dates >= {{ enough_dates() }}
    and short_dates.min_first > 12
    and short_dates.n_first < short_dates.n_last
{%- endmacro %}

{# Whether the dates of export_formats that begin with a year go on with the day. #}
{% macro is_day_second() -%}
    year_first_dates.n_day_second > 0 and year_first_dates.n_day_last = 0
    and not ({{ is_rare('year_first_dates.n_day_second', 'year_first_dates.n_dates') }})
{%- endmacro %}

{# The decimal mark that a bare number proves: '.' or ','. '.?' or ',?' where '1.234' may be decimals or
   thousands; null where there is no mark. #}
{% macro decimal_mark_of(bare) -%}
    {%- set unsigned = replace_matches(bare, '[()kK-]') -%}
    case
        when {{ matches(unsigned, proof_of_mark('[.]', ',')) }} then '.'
        when {{ matches(unsigned, proof_of_mark(',', '[.]')) }} then ','
        when {{ matches(unsigned, '[1-9][0-9]{0,2}[.][0-9]{3}') }} then '.?'
        when {{ matches(unsigned, '[1-9][0-9]{0,2},[0-9]{3}') }} then ',?'
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
