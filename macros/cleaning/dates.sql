{# How text becomes a date. #}

{# A date without the time of day and the time zone that may stand behind it. #}
{% macro day_text(x) -%}
    {{ return(replace_matches(
        x,
        '[ T,]+[0-9]{1,2}:[0-9:.]+( ?[AaPp][.]?[Mm][.]?)?( ?(Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2}))?\\z'
    )) }}
{%- endmacro %}

{# The same of a cell of the stage history, which has many rows: the usual form needs no pattern. With a time zone, the
   day depends on the time, and it is the whole cell. #}
{% macro stage_day(x) -%}
    {%- if var('time_zone') -%}
        {{ x }}
    {%- else -%}
    case
        when substr({{ x }}, 5, 1) = '-' and substr({{ x }}, 8, 1) = '-' then left({{ x }}, 10)
        else {{ day_text(half_width(x)) }}
    end
    {%- endif -%}
{%- endmacro %}

{# Text that sorts cells of one form and one day by their times of day: 9:05 comes before 10:05, and 9:05 PM after it.
   Other forms sort as they are. #}
{% macro time_order(x) -%}
    {%- set time = '([0-9]{1,2}):([0-9:.]+)( ?([AaPp])[.]?[Mm])?' -%}
    {%- set hour, half = extract_match(x, time, 1), 'upper(' ~ extract_match(x, time, 4) ~ ')' -%}
    case
        when substr({{ x }}, 5, 1) = '-' and substr({{ x }}, 8, 1) = '-' then {{ x }}
        when {{ contains_match(x, time) }}
            then
                {{ half }}
                || case when {{ half }} != '' and {{ hour }} = '12' then '00' else right('0' || {{ hour }}, 2) end
                || {{ extract_match(x, time, 2) }}
        else {{ x }}
    end
{%- endmacro %}

{# The minutes from midnight to the moment that a cell names, as it is written, and the minutes by which that is ahead
   of UTC: '2026-06-30T23:15:00+02:00' -> 1395, 120. Milliseconds since 1970 are in UTC. Null where the cell names no
   time of day and time zone. #}
{% macro minutes_of_day(cell) -%}
    {%- set hour = 'cast(' ~ extract_match(cell, zoned_time(), 1) ~ ' as integer)' -%}
    case
        when {{ matches(cell, millis()) }}
            then cast(floor(mod(cast({{ cell }} as bigint), 86400000) / 60000.0) as integer)
        when {{ contains_match(cell, zoned_time()) }}
            then
                60 * case lower({{ extract_match(cell, zoned_time(), 3) }})
                    when 'a' then mod({{ hour }}, 12)
                    when 'p' then mod({{ hour }}, 12) + 12
                    else {{ hour }}
                end
                + cast({{ extract_match(cell, zoned_time(), 2) }} as integer)
    end
{%- endmacro %}
{% macro minutes_ahead_of_utc(cell) -%}
    {%- set zone = extract_match(cell, zoned_time(), 4) -%}
    {%- set digits = "replace(substr(" ~ zone ~ ", 2), ':', '')" -%}
    case
        when left({{ zone }}, 1) in ('+', '-')
            then
                case left({{ zone }}, 1) when '-' then -1 else 1 end
                * (60 * cast(left({{ digits }}, 2) as integer) + cast(right({{ digits }}, 2) as integer))
        else 0
    end
{%- endmacro %}

{# A time of day with a time zone at the end of a text: hours, minutes, the a or p of AM and PM, and the zone. #}
{% macro zoned_time() -%}
    {{ return(
        '[ T,]+([0-9]{1,2}):([0-9]{2})[0-9:.]*(?: ?([AaPp])[.]?[Mm][.]?)?'
        ~ ' ?(Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})\\z'
    ) }}
{%- endmacro %}

{# Milliseconds since 1970, as HubSpot has them. #}
{% macro millis() -%}
    [0-9]{13}
{%- endmacro %}

{# Whether a moment with a time zone is within 12 hours of the end of the month, and so perhaps on another day.
   date: the day as it is written. Midnight is the time of dates that have none. #}
{% macro is_near_month_end(date, cell) -%}
    coalesce(
        case
            when extract(day from {{ date }}) = 1
                then {{ minutes_of_day(cell) }} between 1 and 719
            when extract(day from {{ add_days(date, '1') }}) = 1
                then {{ minutes_of_day(cell) }} >= 720
        end,
        false
    )
{%- endmacro %}

{# A date of which the first two numbers are day and month in one order or the other. #}
{% macro slash_date() -%}
    ([0-9]{1,2})[/-]([0-9]{1,2})[/-]([0-9]{4}|[0-9]{2})
{%- endmacro %}

{# A date with the year first. #}
{% macro year_first_date() -%}
    ([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})
{%- endmacro %}

{# A date of three short numbers. #}
{% macro short_date() -%}
    ([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{2})
{%- endmacro %}

{# The English name of a month, short or whole, in whatever case. #}
{% macro month_name() -%}
    {{ return(
        '((?i:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?'
        ~ '|aug(?:ust)?|sep(?:tember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?))'
    ) }}
{%- endmacro %}

{# The number of a month by its name, as text. #}
{% macro month_number(name) -%}
    case lower(left({{ name }}, 3))
        {%- for short_name in ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] %}
        when '{{ short_name }}' then '{{ loop.index }}'
        {%- endfor %}
    end
{%- endmacro %}

{# A year as four digits; of two digits, 69 to 99 are in the 20th century. #}
{% macro full_year(year) -%}
    case
        when length({{ year }}) = 2 then case when {{ year }} >= '69' then '19' else '20' end || {{ year }}
        else {{ year }}
    end
{%- endmacro %}

{# The date whose parts are three groups of a pattern; null where there is no such day. #}
{% macro matched_date(x, pattern, year_group, month_group, day_group, month_has_name=false) -%}
    {%- set month = extract_match(x, pattern, month_group) -%}
    try_cast(
        {{ full_year(extract_match(x, pattern, year_group)) }}
        || '-' || {{ month_number(month) if month_has_name else month }}
        || '-' || {{ extract_match(x, pattern, day_group) }} as date
    )
{%- endmacro %}

{# The date that is written, whatever the time zone; null where there is no such day, or where it depends on
   the order of day and month (slash_date).
   day: text without a time of day. #}
{% macro calendar_date(day) -%}
    {%- set with_points = '([0-9]{1,2})[.]([0-9]{1,2})[.]([0-9]{4}|[0-9]{2})' -%}
    {%- set digits_only = '((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})' -%}
    {%- set space = '[\\t\\n\\f\\r ]' -%}
    {%- set year = '([0-9]{4}|[0-9]{2})' ~ space ~ '*' -%}
    {%- set day_month_year = space ~ '*([0-9]{1,2})(?:-|' ~ space ~ '+)MONTH(?:-|' ~ space ~ '+)' ~ year -%}
    {%- set month_day_year = space ~ '*MONTH' ~ space ~ '+([0-9]{1,2}),' ~ space ~ '+' ~ year -%}
    {#- In text that matches, the name is all letters. The shorter pattern is planned in half the time. -#}
    {%- set letters = '([A-Za-z]+)' -%}
    case
        when {{ matches(day, year_first_date()) }}
            then {{ matched_date(day, year_first_date(), 1, 2, 3) }}
        when {{ matches(day, with_points) }}
            then {{ matched_date(day, with_points, 3, 2, 1) }}
        when {{ matches(day, digits_only) }}
            then {{ matched_date(day, digits_only, 1, 2, 3) }}
        when {{ matches(day, '[2-7][0-9]{4}([.][0-9]+)?') }}  -- days as spreadsheets count them
            then {{ add_days("date '1899-12-30'", 'left(' ~ day ~ ', 5)') }}
        when {{ matches(day, millis()) }}
            then {{ day_of_millis('cast(' ~ day ~ ' as bigint)') }}
        when {{ matches(day, day_month_year | replace('MONTH', month_name())) }}
            then {{ matched_date(day, day_month_year | replace('MONTH', letters), 3, 2, 1, month_has_name=true) }}
        when {{ matches(day, month_day_year | replace('MONTH', month_name())) }}
            then {{ matched_date(day, month_day_year | replace('MONTH', letters), 3, 1, 2, month_has_name=true) }}
    end
{%- endmacro %}

{# CTEs of a query, the last of which is `dated`: texts with the day that is written (`day_text`) and the date that it
   is where the day is written before the month (`day_first_date`), and where the month is written first
   (`month_first_date`). With a time zone in the settings, a moment with one becomes the day there.
   texts: a CTE with `column_name` and, in the column `text`, each text of it once. #}
{% macro dated_texts(texts, text) -%}
{%- set time_zone = var('time_zone') -%}
half_width_texts as (

    select
        *,
        {{ half_width(text) }} as half_width_text
    from {{ texts }}

),

day_texts as (

    select
        *,
        {{ day_text('half_width_text') }} as day_text
    from half_width_texts

),

parsed_texts as (

    select
        *,
        {{ calendar_date('day_text') }} as calendar_date,
        {{ matches('day_text', slash_date()) }} as is_slash_date
    from day_texts

),

{{ 'written' if time_zone else 'dated' }} as (

    select
        *,
        case when is_slash_date then {{ matched_date('day_text', slash_date(), 3, 2, 1) }} else calendar_date end
            as {{ 'written_' if time_zone }}day_first_date,
        case when is_slash_date then {{ matched_date('day_text', slash_date(), 3, 1, 2) }} else calendar_date end
            as {{ 'written_' if time_zone }}month_first_date
    from parsed_texts

)
{%- if time_zone %},

timed as (

    select
        *,
        {{ minutes_of_day('half_width_text') }} as minutes_of_day,
        {{ minutes_ahead_of_utc('half_width_text') }} as minutes_ahead_of_utc
    from written

),

-- Where every time of a column is midnight, it has dates that were exported as moments, and they stay.
columns_of_moments as (

    select distinct column_name from timed where minutes_of_day != 0

),

dated as (

    select
        timed.*,
        {% for column in ['day_first_date', 'month_first_date'] -%}
        case
            when columns_of_moments.column_name is not null and timed.minutes_of_day is not null
                then {{ day_in_zone(
                    'timed.written_' ~ column, 'timed.minutes_of_day - timed.minutes_ahead_of_utc', time_zone
                ) }}
            else timed.written_{{ column }}
        end as {{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from timed
    left join columns_of_moments on timed.column_name = columns_of_moments.column_name

)
{%- endif %}
{%- endmacro %}

{# The number of the quarter, 1 to 4, that a fiscal period names: Q1-2026, Q1 FY 2026, FY26-Q1, 2026 1 or 1. #}
{% macro quarter_number(x) -%}
    {%- set with_q = '(^|[^A-Za-z])[qQ] ?([1-4])([^0-9]|\\z)' -%}
    {%- set bare = '([0-9]{4} )?([1-4])' -%}
    cast(case
        when {{ matches(x, bare) }} then {{ extract_match(x, bare, 2) }}
        else nullif({{ extract_match(x, with_q, 2) }}, '')
    end as integer)
{%- endmacro %}
