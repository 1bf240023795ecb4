{# How a cell of text becomes a value. Each gives null where there is nothing to use. #}

{# Trimmed text; blank cells and the usual words for "nothing" are null. 'NA' is none of them:
   it may be North America. #}
{% macro text(column) -%}
    case
        when lower(trim({{ column }})) not in ('', 'null', 'none', 'n/a', '#n/a', '-')
            then trim({{ column }})
    end
{%- endmacro %}

{# Reasons for which a row is passed over without being at fault: declared skips, not rejections. #}
{% macro skip_codes() -%}
    {{ return(['blank_line', 'above_header', 'created_after_as_of_date', 'exact_duplicate']) }}
{%- endmacro %}

{# Columns of the export that hold dates, and the features that are text. #}
{% macro date_columns() -%}
    {{ return(['created_date', 'closed_date', 'expected_close_date', 'won_date', 'lost_date', 'stage_entered_date']) }}
{%- endmacro %}

{% macro category_columns() -%}
    {{ return((['industry', 'region', 'product_type', 'lead_source', 'deal_stage'] + categorical_features())
        | unique | list) }}
{%- endmacro %}

{# The amount as the export writes it: in the company's own currency, where it gives that too. #}
{% macro amount_text(export) -%}
    coalesce({{ text(export ~ '.converted_amount') }}, {{ text(export ~ '.deal_amount') }})
{%- endmacro %}

{# Every column that is read, as one text: rows that say the same have the same. #}
{% macro row_content(export) -%}
    md5(concat_ws('|'
    {%- for column in (var('required_columns') + var('optional_columns') + feature_names()) | unique -%}
    , replace(coalesce(trim({{ export }}.{{ column }}), ''), '|', '||')
    {%- endfor -%}
    ))
{%- endmacro %}

{# White space folded: what two spellings of one value may not differ by. #}
{% macro folded(expression) -%}
    trim(regexp_replace(nfc_normalize({{ expression }}), '[\s\x{00a0}\x{2007}\x{202f}]+', ' ', 'g'))
{%- endmacro %}

{# What spellings of one level have in common: 'FinTech', 'fintech ' and 'Fin-Tech' are one. #}
{% macro level_key(expression) -%}
    lower(regexp_replace({{ folded(expression) }}, '[ _-]+', '', 'g'))
{%- endmacro %}

{# Yes or no, as CRMs write it. #}
{% macro yes_or_no(column) -%}
    case
        when lower({{ text(column) }}) in ('true', 't', 'yes', 'y', '1') then true
        when lower({{ text(column) }}) in ('false', 'f', 'no', 'n', '0') then false
    end
{%- endmacro %}

{# ---------- numbers #}

{# A number without what may stand around it: spaces, currency signs and codes, Swiss apostrophes. #}
{% macro bare_number(expression) -%}
    replace(regexp_replace({{ expression }},
        '[\s\x{00a0}\x{2007}\x{202f}''’]|[A-Z]{0,3}\p{Sc}|\b[A-Z]{3}|[A-Z]{3}\b', '', 'g'), '−', '-')
{%- endmacro %}

{# A decimal number, or null; thousands separators and accounting brackets are understood. #}
{% macro number(expression, decimal_mark) -%}
    {%- set bare = "case when " ~ decimal_mark ~ " = ',' then translate(" ~ bare_number(expression) ~ ", '.,', ',.') else "
        ~ bare_number(expression) ~ " end" -%}
    case
        when regexp_full_match({{ bare }}, '-?\d{1,15}(\.\d{1,15})?')
            then cast({{ bare }} as double)
        when regexp_full_match({{ bare }}, '-?\d{1,3}(,\d{3}){1,4}(\.\d{1,15})?')
            then cast(replace({{ bare }}, ',', '') as double)
        when regexp_full_match({{ bare }}, '\(\d{1,3}(,?\d{3}){0,4}(\.\d{1,15})?\)')
            then -cast(regexp_replace({{ bare }}, '[(),]', '', 'g') as double)
    end
{%- endmacro %}

{# Which mark an amount proves to be the decimal one: '.' or ','; '?' where '1.234' may be either;
   null where it proves nothing. #}
{% macro decimal_mark_of(expression) -%}
    {%- set bare = "regexp_replace(" ~ bare_number(expression) ~ ", '[()-]', '', 'g')" -%}
    case
        when regexp_full_match({{ bare }}, '\d{1,3}(,\d{3})*\.(\d{1,2}|\d{4,})|\d{4,}\.\d+|\d{1,3}(,\d{3})+\.\d+|\d{1,3}(,\d{3}){2,}')
            then '.'
        when regexp_full_match({{ bare }}, '\d{1,3}(\.\d{3})*,(\d{1,2}|\d{4,})|\d{4,},\d+|\d{1,3}(\.\d{3})+,\d+|\d{1,3}(\.\d{3}){2,}')
            then ','
        when regexp_full_match({{ bare }}, '[1-9]\d{0,2}\.\d{3}')
            then '?'
    end
{%- endmacro %}

{# The currency that an amount names: a code, or a sign as the code that it most often stands for. #}
{% macro currency_of(expression) -%}
    coalesce(
        nullif(regexp_extract({{ expression }}, '\b[A-Z]{3}|[A-Z]{3}\b'), ''),
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

{# ---------- dates #}

{# What may stand behind a date: a time of day, with or without its zone. #}
{% macro time_of_day() -%}
    ([ T,]+\d{1,2}[0-9:.]*( ?[AaPp]\.?[Mm]\.?)?( ?(Z|UTC|GMT|[+-]\d{2}:?\d{2}))?)?
{%- endmacro %}

{# The two patterns of a date in which day and month could be either. #}
{% macro slash_date() -%}
    (\d{1,2})[/-](\d{1,2})[/-](\d{4}){{ time_of_day() }}
{%- endmacro %}

{# A date from the groups of a pattern; null where no such day exists. #}
{% macro date_of_parts(cell, pattern, year, month, day) -%}
    try_cast(regexp_replace({{ cell }}, '^{{ pattern }}$', '\{{ year }}-\{{ month }}-\{{ day }}') as date)
{%- endmacro %}

{# The day of a date as it is written, or null; its time is dropped and no zone moves it.
   day_first: an expression that says how 03/04/2024 is read; null leaves such a date unread. #}
{% macro calendar_date(column, day_first) -%}
    {%- set cell = "trim(" ~ column ~ ")" -%}
    {%- set year_first = '(\\d{4})[-/](\\d{1,2})[-/](\\d{1,2})' ~ time_of_day() -%}
    {%- set with_points = '(\\d{1,2})\\.(\\d{1,2})\\.(\\d{4})' ~ time_of_day() -%}
    case
        when regexp_full_match({{ cell }}, '{{ year_first }}')
            then {{ date_of_parts(cell, year_first, 1, 2, 3) }}
        when regexp_full_match({{ cell }}, '{{ with_points }}')
            then {{ date_of_parts(cell, with_points, 3, 2, 1) }}
        when regexp_full_match({{ cell }}, '{{ slash_date() }}') and {{ day_first }}
            then {{ date_of_parts(cell, slash_date(), 3, 2, 1) }}
        when regexp_full_match({{ cell }}, '{{ slash_date() }}') and not {{ day_first }}
            then {{ date_of_parts(cell, slash_date(), 3, 1, 2) }}
        when regexp_full_match({{ cell }}, '[2-7]\d{4}(\.\d+)?')
            then date '1899-12-30' + cast(left({{ cell }}, 5) as integer)
        when regexp_full_match({{ cell }}, '\d{13}')
            then cast(epoch_ms(cast({{ cell }} as bigint)) as date)
        when regexp_matches({{ cell }}, '[A-Za-z]{3}')
            then cast(try_strptime({{ cell }},
                ['%d-%b-%Y', '%d %b %Y', '%d %B %Y', '%b %d, %Y', '%B %d, %Y']) as date)
    end
{%- endmacro %}
