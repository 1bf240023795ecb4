{# Functions that are spelled or behave differently from one SQL engine to another. Models and other
   macros call these names and nothing engine-specific; each engine has a file of its own beside this
   one (duckdb.sql), with the same names behind the prefix of its adapter. tests/python/tools/test_sql_rules.py
   lists what is engine-specific elsewhere. docs/decisions/0008-sql-that-two-engines-read.md has the reasons.

   Arguments named x, date, ... are SQL expressions. Patterns, replacements and separators are plain
   text: the macro quotes them. In patterns, write [0-9] and [\t\n\f\r ] rather than \d and \s, and \z
   rather than $ for the end of the text. #}

{# ---------- patterns #}

{# Whether the whole of x matches. #}
{% macro matches(x, pattern) -%}
    {{ return(adapter.dispatch('matches', 'winrate')(x, pattern)) }}
{%- endmacro %}

{# Whether any part of x matches. #}
{% macro contains_match(x, pattern) -%}
    {{ return(adapter.dispatch('contains_match', 'winrate')(x, pattern)) }}
{%- endmacro %}

{# x with every match replaced; \1 to \9 in the replacement are the groups of the pattern. #}
{% macro replace_matches(x, pattern, replacement='') -%}
    {{ return(adapter.dispatch('replace_matches', 'winrate')(x, pattern, replacement)) }}
{%- endmacro %}

{# A group of the first match, 0 for all of it; empty text where there is no match. #}
{% macro extract_match(x, pattern, group) -%}
    {{ return(adapter.dispatch('extract_match', 'winrate')(x, pattern, group)) }}
{%- endmacro %}

{# ---------- text #}

{# Unicode normal form C, in which each letter has one spelling. Never in a join condition: Spark
   takes it for non-deterministic. #}
{% macro nfc(x) -%}
    {{ return(adapter.dispatch('nfc', 'winrate')(x)) }}
{%- endmacro %}

{# The values of a group as one text. order: the list of an `order by`. #}
{% macro text_list(x, separator, order) -%}
    {{ return(adapter.dispatch('text_list', 'winrate')(x, separator, order)) }}
{%- endmacro %}

{# Text as a part of a web address: what is not a letter or digit of ASCII, '-', '.', '_' or '~' is percent-encoded. #}
{% macro url_encoded(x) -%}
    {{ return(adapter.dispatch('url_encoded', 'winrate')(x)) }}
{%- endmacro %}

{# The SHA-256 of text, in 64 hexadecimal digits. #}
{% macro sha256(x) -%}
    {{ return(adapter.dispatch('sha256', 'winrate')(x)) }}
{%- endmacro %}

{# One row per element of a list, in a select list. #}
{% macro each_of(x) -%}
    {{ return(adapter.dispatch('each_of', 'winrate')(x)) }}
{%- endmacro %}

{# ---------- numbers as text: rounded to the nearest, halves to the even digit, as Python's formats do #}

{# '0.0': one decimal place. #}
{% macro fixed_1(x) -%}
    {{ return(adapter.dispatch('fixed_1', 'winrate')(x)) }}
{%- endmacro %}

{# '+0.0': one decimal place and always a sign. #}
{% macro signed_1(x) -%}
    {{ return(adapter.dispatch('signed_1', 'winrate')(x)) }}
{%- endmacro %}

{# '1,234': a whole number with commas. #}
{% macro thousands(x) -%}
    {{ return(adapter.dispatch('thousands', 'winrate')(x)) }}
{%- endmacro %}

{# ---------- text as numbers #}

{# The bigint that hexadecimal digits (15 at most) spell. #}
{% macro hex_to_number(x) -%}
    {{ return(adapter.dispatch('hex_to_number', 'winrate')(x)) }}
{%- endmacro %}

{# ---------- dates #}

{# The day so many days after a date (before it, where negative). #}
{% macro add_days(date, days) -%}
    {{ return(adapter.dispatch('add_days', 'winrate')(date, days)) }}
{%- endmacro %}

{# The same day so many months after a date, or the last day of a month that has no such day. #}
{% macro add_months(date, months) -%}
    {{ return(adapter.dispatch('add_months', 'winrate')(date, months)) }}
{%- endmacro %}

{# The days from one date to another, as bigint. #}
{% macro days_between(first, last) -%}
    {{ return(adapter.dispatch('days_between', 'winrate')(first, last)) }}
{%- endmacro %}

{# The day in a time zone (its name) of a moment: a number of minutes after a date begins in UTC. #}
{% macro day_in_zone(date, minutes, zone) -%}
    {{ return(adapter.dispatch('day_in_zone', 'winrate')(date, minutes, zone)) }}
{%- endmacro %}

{# The day of a number of milliseconds since 1970 began. #}
{% macro day_of_millis(x) -%}
    {{ return(add_days("date '1970-01-01'", 'cast(floor(' ~ x ~ ' / 86400000.0) as integer)')) }}
{%- endmacro %}

{# ---------- text of tables with many rows #}

{# A query with the text of some columns in a form that takes little space and is read and compared like text, or
   the query as it is. A hook of the model has `text_type` make the type. #}
{% macro with_short_text(query, columns) -%}
    {{ return(adapter.dispatch('with_short_text', 'winrate')(query, columns) if columns else query) }}
{%- endmacro %}

{# A statement for a hook: the type of the model's `short_text_columns`, with all texts that they may have. It is
   gone with the connection; a table keeps the texts itself.
   queries: with one column each. #}
{% macro text_type(queries) -%}
    {{ return(adapter.dispatch('text_type', 'winrate')(queries)) }}
{%- endmacro %}
