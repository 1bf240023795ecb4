{# Functions that are spelled or behave differently from one SQL engine to another. Models and other
   macros call these names and nothing engine-specific; each engine has a file of its own beside this
   one (duckdb.sql), with the same names behind the prefix of its adapter. #}

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
