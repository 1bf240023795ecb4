{# The functions of functions.sql in DuckDB. #}

{% macro duckdb__matches(x, pattern) -%}
    regexp_full_match({{ x }}, {{ dbt.string_literal(dbt.escape_single_quotes(pattern)) }})
{%- endmacro %}

{% macro duckdb__contains_match(x, pattern) -%}
    regexp_matches({{ x }}, {{ dbt.string_literal(dbt.escape_single_quotes(pattern)) }})
{%- endmacro %}

{% macro duckdb__replace_matches(x, pattern, replacement) -%}
    {%- set pattern = dbt.string_literal(dbt.escape_single_quotes(pattern)) -%}
    {%- set replacement = dbt.string_literal(dbt.escape_single_quotes(replacement)) -%}
    regexp_replace({{ x }}, {{ pattern }}, {{ replacement }}, 'g')
{%- endmacro %}

{% macro duckdb__extract_match(x, pattern, group) -%}
    regexp_extract({{ x }}, {{ dbt.string_literal(dbt.escape_single_quotes(pattern)) }}, {{ group }})
{%- endmacro %}

{% macro duckdb__nfc(x) -%}
    nfc_normalize({{ x }})
{%- endmacro %}

{% macro duckdb__text_list(x, separator, order) -%}
    string_agg({{ x }}, {{ dbt.string_literal(dbt.escape_single_quotes(separator)) }} order by {{ order }})
{%- endmacro %}

{% macro duckdb__url_encoded(x) -%}
    url_encode({{ x }})
{%- endmacro %}

{% macro duckdb__sha256(x) -%}
    sha256({{ x }})
{%- endmacro %}

{% macro duckdb__each_of(x) -%}
    unnest({{ x }})
{%- endmacro %}

{% macro duckdb__fixed_1(x) -%}
    printf('%.1f', cast({{ x }} as double))
{%- endmacro %}

{% macro duckdb__signed_1(x) -%}
    printf('%+.1f', cast({{ x }} as double))
{%- endmacro %}

{% macro duckdb__thousands(x) -%}
    format('{:,.0f}', cast({{ x }} as double))
{%- endmacro %}

{% macro duckdb__hex_to_number(x) -%}
    cast('0x' || {{ x }} as bigint)
{%- endmacro %}

{% macro duckdb__add_days(date, days) -%}
    cast({{ date }} + to_days(cast({{ days }} as integer)) as date)
{%- endmacro %}

{% macro duckdb__add_months(date, months) -%}
    cast({{ date }} + to_months(cast({{ months }} as integer)) as date)
{%- endmacro %}

{% macro duckdb__days_between(first, last) -%}
    date_diff('day', {{ first }}, {{ last }})
{%- endmacro %}

{# From a time in UTC to a moment to the time in the zone: the time zone of the session has no part in it. #}
{% macro duckdb__day_in_zone(date, minutes, zone) -%}
    cast(timezone('{{ zone }}', timezone('UTC', cast({{ date }} as timestamp) + to_minutes({{ minutes }}))) as date)
{%- endmacro %}

{# An ENUM takes a fifth of the time and of the space that text takes. #}
{% macro duckdb__with_short_text(query, columns) -%}
    select * replace (
        {%- for column in columns %}
        cast({{ column }} as text_of_model) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    )
    from (
        {{ query }}
    )
{%- endmacro %}

{% macro duckdb__text_type(queries) -%}
    create or replace temp type text_of_model as enum (
        select distinct text
        from (
            select unnest(['Unknown', 'Other', 'Closed', 'Won', 'Lost']) as text
            {%- for query in queries %}
            union all
            ({{ query }})
            {%- endfor %}
        )
        where text is not null
        order by text
    )
{%- endmacro %}
