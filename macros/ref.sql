{# References without the name of the database, so that a view keeps working where the file is
   renamed, or attached under another name in a BI tool: DuckDB stores a view's text as it is. #}
{% macro ref() -%}
    {%- set version = kwargs.get('version') or kwargs.get('v') -%}
    {%- set relation = builtins.ref(*varargs, version=version) if version else builtins.ref(*varargs) -%}
    {{ return(relation.include(database=false)) }}
{%- endmacro %}
