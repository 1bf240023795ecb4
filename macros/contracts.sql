{# A public contract promises that no column is dropped, renamed or retyped. An added column breaks
   no reader, so it is allowed; dbt's own check refuses it. Called for a table or view that was just
   created from its query: the columns of the contract would leave out an added one. #}
{% macro check_contract(relation) -%}
    {%- set columns = run_query(
        "select column_name, column_type, 'built' as side from (describe " ~ relation ~ ")"
        ~ " union all select column_name, column_type, 'promised' from (describe "
        ~ get_empty_schema_sql(model['columns']) ~ ")"
    ) -%}
    {%- set built_types = {} -%}
    {%- for name, type, side in columns.rows if side == 'built' -%}
        {%- do built_types.update({name | lower: type}) -%}
    {%- endfor -%}
    {%- set broken = [] -%}
    {%- for name, type, side in columns.rows if side == 'promised' -%}
        {%- set built_type = built_types.get(name | lower) -%}
        {%- if built_type is none -%}
            {%- do broken.append(name ~ " is missing") -%}
        {%- elif built_type != type -%}
            {%- do broken.append(name ~ " is " ~ built_type ~ ", promised " ~ type) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if broken -%}
        {%- do exceptions.raise_compiler_error(
            "The public contract of " ~ model['name'] ~ " is broken: " ~ broken | join("; ") ~ "."
        ) -%}
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
