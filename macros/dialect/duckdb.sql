{# The functions of functions.sql in DuckDB. #}

{% macro duckdb__fixed_1(x) -%}
    printf('%.1f', cast({{ x }} as double))
{%- endmacro %}

{% macro duckdb__signed_1(x) -%}
    printf('%+.1f', cast({{ x }} as double))
{%- endmacro %}

{% macro duckdb__thousands(x) -%}
    format('{:,.0f}', cast({{ x }} as double))
{%- endmacro %}
