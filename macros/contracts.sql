{# A public contract promises that no column is dropped, renamed or retyped; a further
   column breaks nobody, so it is let through (dbt's own check refuses it). #}
{% macro duckdb__get_assert_columns_equivalent(sql) -%}
    {%- set promised = get_column_schema_from_query(get_empty_schema_sql(model['columns'])) -%}
    {%- set built = get_column_schema_from_query(sql) -%}
    {%- set built_types = {} -%}
    {%- for column in built -%}
        {%- do built_types.update({column.name | lower: column.dtype}) -%}
    {%- endfor -%}
    {%- set broken = [] -%}
    {%- for column in promised -%}
        {%- set built_type = built_types.get(column.name | lower) -%}
        {%- if built_type is none -%}
            {%- do broken.append(column.name ~ " is missing") -%}
        {%- elif built_type != column.dtype -%}
            {%- do broken.append(column.name ~ " is " ~ built_type ~ ", promised " ~ column.dtype) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if broken -%}
        {%- do exceptions.raise_compiler_error(
            "The public contract of " ~ model['name'] ~ " is broken: " ~ broken | join("; ") ~ "."
        ) -%}
    {%- endif -%}
{%- endmacro %}
