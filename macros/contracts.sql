{# A public contract promises that no column is dropped, renamed or retyped. An added column breaks
   no reader, so it is allowed; dbt's own check refuses it. #}
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

{# A contracted table is created from its query, not from the columns of its contract, which would
   leave out an added column. The check above has compared the two. #}
{% macro duckdb__create_table_as(
    temporary, relation, compiled_code, language='sql', partitioned_by=none, sorted_by=none
) -%}
    {%- if language == 'sql' and config.get('contract').enforced -%}
        {%- set name = relation.include(database=not temporary, schema=not temporary) -%}
        {{ get_assert_columns_equivalent(compiled_code) }}
        create {{ 'temporary ' if temporary }}table {{ name }} as (
            {{ compiled_code }}
        );
    {%- else -%}
        {{ dbt.duckdb__create_table_as(temporary, relation, compiled_code, language, partitioned_by, sorted_by) }}
    {%- endif -%}
{%- endmacro %}

{# The columns that a model's contract promises, selected from a relation and cast to the promised types:
   for a public table that adds nothing to its estimates. (A dbt unit test of such a model is not possible:
   there, the contract is not known.) #}
{% macro contracted(relation) -%}
    select
        {% for column in model.columns.values() -%}
        cast({{ column.name }} as {{ column.data_type }}) as {{ column.name }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ relation }}
{%- endmacro %}
