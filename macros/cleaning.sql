{# How a cell of text becomes a value. Each gives null where there is nothing to use. #}

{# Trimmed text; blank cells and the usual words for "nothing" are null. 'NA' is none of them:
   it may be North America. #}
{% macro text(column) -%}
    {%- set cell = shown(column) -%}
    case
        when lower({{ cell }}) not in ('', {{ quoted_list(var('words_for_nothing')) }})
            then {{ cell }}
    end
{%- endmacro %}

{# A cell without what nobody sees at its ends, and without the formula ="..." that keeps an id text. #}
{% macro shown(column) -%}
    regexp_replace({{ column }}, '^[\s\p{Z}\x{200b}\x{feff}]+|[\s\p{Z}\x{200b}\x{feff}]+$|^="|"$', '', 'g')
{%- endmacro %}

{# Reasons for which a row is passed over without being at fault: declared skips, not rejections. #}
{% macro skip_codes() -%}
    {{ return(['blank_line', 'above_header', 'header_again', 'created_after_as_of_date', 'exact_duplicate']) }}
{%- endmacro %}

{# Columns of the export that hold dates, numbers, and features that are text. #}
{% macro date_columns() -%}
    {{ return(['created_date', 'closed_date', 'expected_close_date', 'won_date', 'lost_date', 'stage_entered_date']) }}
{%- endmacro %}

{% macro number_columns() -%}
    {{ return((['deal_amount', 'sales_cycle_days'] + numeric_features()) | unique | list) }}
{%- endmacro %}

{% macro category_columns() -%}
    {{ return((['industry', 'region', 'product_type', 'lead_source', 'deal_stage'] + categorical_features())
        | unique | list) }}
{%- endmacro %}

{# Every column that is read from the export. #}
{% macro export_columns() -%}
    {{ return((var('required_columns') + var('optional_columns') + feature_names()) | unique | list) }}
{%- endmacro %}

{# Every column that is read, as one text: rows that say the same have the same. #}
{% macro row_content() -%}
    md5(concat_ws('|'
    {%- for column in export_columns() -%}
    , replace(coalesce({{ column }}, ''), '|', '||')
    {%- endfor -%}
    ))
{%- endmacro %}

{# White space and dashes folded: what two spellings of one value may not differ by. #}
{% macro folded(expression) -%}
    trim(regexp_replace(
        regexp_replace(nfc_normalize({{ expression }}), '[‐‑‒–—]', '-', 'g'), '[\s\p{Zs}]+', ' ', 'g'
    ))
{%- endmacro %}

{# Separators between digits as a sign that is none. #}
{% macro ranges_kept(expression) -%}
    regexp_replace({{ expression }}, '(\d)[ _-]+(\d)', '\1~\2', 'g')
{%- endmacro %}

{# What spellings of one level have in common: 'FinTech', 'fintech ' and 'Fin-Tech' are one. Between
   digits a separator counts: '1-50' is not '150' (twice, since each match uses up its digits). #}
{% macro level_key(expression) -%}
    {%- set once = ranges_kept(folded(expression)) -%}
    lower(regexp_replace({{ ranges_kept(once) }}, '([^ _-])[ _-]+', '\1', 'g'))
{%- endmacro %}

{# Yes or no, as CRMs write it. #}
{% macro yes_or_no(column) -%}
    case
        when lower({{ column }}) in ('true', 't', 'yes', 'y', '1', '1.0', 'x', 'checked') then true
        when lower({{ column }}) in ('false', 'f', 'no', 'n', '0', '0.0', 'unchecked') then false
    end
{%- endmacro %}

{# ---------- numbers #}

{# The codes that an amount may have beside it; other capitals (MIO, TBD) are no currency. #}
{% macro currency_codes() -%}
    AED|ARS|AUD|BRL|CAD|CHF|CLP|CNY|COP|CZK|DKK|EUR|GBP|HKD|HUF|IDR|ILS|INR|JPY|KRW|MXN|MYR|NGN|NOK|NZD|PHP|PLN|RON|RUB|SAR|SEK|SGD|THB|TRY|TWD|UAH|USD|VND|ZAR
{%- endmacro %}

{# A number without what may stand around it: currency signs and codes, spaces between thousands
   and beside signs, Swiss apostrophes. (Twice, since each match uses up its digits.) #}
{% macro bare_number(expression) -%}
    {%- set unnamed = "regexp_replace(" ~ expression ~ ", '[A-Z]{0,3}\\p{Sc}|\\b(" ~ currency_codes() ~ ")|("
        ~ currency_codes() ~ ")\\b|[''’]', '', 'g')" -%}
    {%- set signed = "regexp_replace(replace(trim(" ~ unnamed ~ "), '−', '-'), '([(+-])[\\s\\p{Z}]+|[\\s\\p{Z}]+(\\))', '\\1\\2', 'g')" -%}
    {{ thousands_joined(thousands_joined(signed)) }}
{%- endmacro %}

{# '1 234' as '1234'. #}
{% macro thousands_joined(expression) -%}
    regexp_replace({{ expression }}, '(\d)[\s\p{Z}](\d{3})\b', '\1\2', 'g')
{%- endmacro %}

{# The same with a decimal point, where the file has decimal commas. #}
{% macro with_decimal_point(expression, decimal_mark) -%}
    case when {{ decimal_mark }} = ',' then translate({{ expression }}, '.,', ',.') else {{ expression }} end
{%- endmacro %}

{# A bare number as such, or null; thousands commas (Indian ones too) and accounting brackets are understood. #}
{% macro number(bare) -%}
    case
        when regexp_full_match({{ bare }}, '[+-]?\d{1,15}(\.\d{1,15})?')
            then cast({{ bare }} as double)
        when regexp_full_match({{ bare }}, '[+-]?\d{1,3}(,\d{2,3}){0,4},\d{3}(\.\d{1,15})?')
            then cast(replace({{ bare }}, ',', '') as double)
        when regexp_full_match({{ bare }}, '\(\d{1,3}(,?\d{3}){0,4}(\.\d{1,15})?\)')
            then -cast(regexp_replace({{ bare }}, '[(),]', '', 'g') as double)
    end
{%- endmacro %}

{# Which mark an amount proves to be the decimal one: '.' or ','; where '1.234' may be either, '.?' or
   ',?'; null where there is none. #}
{% macro decimal_mark_of(expression) -%}
    {%- set bare = "regexp_replace(" ~ bare_number(expression) ~ ", '[()-]', '', 'g')" -%}
    case
        when regexp_full_match({{ bare }}, '\d{1,3}(,\d{3})*\.(\d{1,2}|\d{4,})|\d{4,}\.\d+|\d{1,3}(,\d{3})+\.\d+|\d{1,3}(,\d{3}){2,}')
            then '.'
        when regexp_full_match({{ bare }}, '\d{1,3}(\.\d{3})*,(\d{1,2}|\d{4,})|\d{4,},\d+|\d{1,3}(\.\d{3})+,\d+|\d{1,3}(\.\d{3}){2,}')
            then ','
        when regexp_full_match({{ bare }}, '[1-9]\d{0,2}\.\d{3}')
            then '.?'
        when regexp_full_match({{ bare }}, '[1-9]\d{0,2},\d{3}')
            then ',?'
    end
{%- endmacro %}

{# The currency that an amount names: a code, or a sign as the code that it most often stands for. #}
{% macro currency_of(expression) -%}
    coalesce(
        nullif(regexp_extract({{ expression }}, '\b({{ currency_codes() }})|({{ currency_codes() }})\b'), ''),
        case regexp_extract({{ expression }}, '[A-Z]{0,2}\p{Sc}')
            when '' then null
            when '$' then 'USD'
            when 'US$' then 'USD'
            when '€' then 'EUR'
            when '£' then 'GBP'
            when '¥' then 'JPY'
            when '₹' then 'INR'
            else regexp_extract({{ expression }}, '[A-Z]{0,2}\p{Sc}')
        end
    )
{%- endmacro %}

{# Whether the cells that say one thing are slips beside those that say the other: 1% or fewer. #}
{% macro is_rare(n_slips, n_others) -%}
    {{ n_others }} > 0 and {{ n_slips }} <= 0.01 * {{ n_others }}
{%- endmacro %}

{# ---------- dates #}

{# A date without the time of day and the zone that may stand behind it. #}
{% macro day_text(cell) -%}
    regexp_replace({{ cell }},
        '[ T,]+\d{1,2}:[0-9:.]+( ?[AaPp]\.?[Mm]\.?)?( ?(Z|UTC|GMT|[+-]\d{2}:?\d{2}))?$', '')
{%- endmacro %}

{# A date in which day and month could be either. #}
{% macro slash_date() -%}
    (\d{1,2})[/-](\d{1,2})[/-](?:\d{4}|\d{2})
{%- endmacro %}

{# The day that a date is, as it is written: no zone moves it. Null where there is no such day.
   day: the date without its time.
   day_first: whether 03/04/2024 is in April; null leaves such a date unread. #}
{% macro calendar_date(day, day_first) -%}
    case
        when regexp_full_match({{ day }}, '\d{4}[-/]\d{1,2}[-/]\d{1,2}')
            then try_cast(replace({{ day }}, '/', '-') as date)
        when regexp_full_match({{ day }}, '\d{1,2}\.\d{1,2}\.(\d{4}|\d{2})')
            then cast(try_strptime({{ day }}, ['%d.%m.%y', '%d.%m.%Y']) as date)
        when regexp_full_match({{ day }}, '{{ slash_date() }}') and {{ day_first }}
            then cast(try_strptime(replace({{ day }}, '-', '/'), ['%d/%m/%y', '%d/%m/%Y']) as date)
        when regexp_full_match({{ day }}, '{{ slash_date() }}') and not {{ day_first }}
            then cast(try_strptime(replace({{ day }}, '-', '/'), ['%m/%d/%y', '%m/%d/%Y']) as date)
        when regexp_full_match({{ day }}, '(19|20)\d{6}')
            then cast(try_strptime({{ day }}, '%Y%m%d') as date)
        when regexp_full_match({{ day }}, '[2-7]\d{4}(\.\d+)?')  -- the days of a spreadsheet
            then date '1899-12-30' + cast(left({{ day }}, 5) as integer)
        when regexp_full_match({{ day }}, '\d{13}')  -- milliseconds since 1970, as HubSpot has them
            then cast(epoch_ms(cast({{ day }} as bigint)) as date)
        when length({{ day }}) >= 8  -- years of two digits first: four would take 24 for the year 24
            then cast(try_strptime({{ day }}, [
                '%d-%b-%y', '%d-%b-%Y', '%d %b %y', '%d %b %Y', '%d %B %Y', '%b %d, %Y', '%B %d, %Y'
            ]) as date)
    end
{%- endmacro %}
