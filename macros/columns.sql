{# Lists of the columns of an export, read from the variables `export_columns` and `features`. A
   feature that is not among `export_columns` is a column of its own, of the type of its list. #}

{# Every column that is read from the export. #}
{% macro export_columns() -%}
    {%- set required = [] -%}
    {%- set optional = [] -%}
    {%- for name, column in var('export_columns').items() -%}
        {%- do (required if column.get('is_required') else optional).append(name) -%}
    {%- endfor -%}
    {{ return((required + optional + feature_names()) | unique | list) }}
{%- endmacro %}

{% macro columns_of_type(type) -%}
    {%- set names = [] -%}
    {%- for name, column in var('export_columns').items() if column['type'] == type -%}
        {%- do names.append(name) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}

{% macro date_columns() -%}
    {{ return(columns_of_type('date')) }}
{%- endmacro %}

{# The columns of typed_rows with the text of dates. #}
{% macro date_text_columns() -%}
    {%- set names = ['close_date_text'] -%}
    {%- for column in date_columns() -%}
        {%- do names.append(column ~ '_text') -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}

{% macro number_columns() -%}
    {{ return((columns_of_type('number') + numeric_features()) | unique | list) }}
{%- endmacro %}

{# Names are no categories, even where they are a feature: they are compared with more care. #}
{% macro category_columns() -%}
    {{ return((columns_of_type('category') + categorical_features()) | unique | reject('in', name_columns()) | list) }}
{%- endmacro %}

{# Columns that name somebody. #}
{% macro name_columns() -%}
    {{ return(columns_of_type('name')) }}
{%- endmacro %}

{# What a deal, its owner and its account are called, and the id of the account: texts, also where one is a feature. #}
{% macro display_names() -%}
    {{ return(['deal_name', 'owner_name', 'account_id', 'account_name']) }}
{%- endmacro %}

{# Columns of which each deal has a text of its own. #}
{% macro per_deal_columns() -%}
    {%- set names = [] -%}
    {%- for name, column in var('export_columns').items() if column.get('is_per_deal') -%}
        {%- do names.append(name) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}

{# Columns of which raw_deals has the number of each text. #}
{% macro shared_text_columns() -%}
    {{ return(export_columns() | reject('in', per_deal_columns()) | list) }}
{%- endmacro %}

{# Features that a user added: they are no category or number of `export_columns`. #}
{% macro added_features() -%}
    {%- set others = columns_of_type('category') + columns_of_type('number') + name_columns() -%}
    {{ return(feature_names() | reject('in', others) | list) }}
{%- endmacro %}

{# A hash of the values of a row; a '|' inside a value is doubled, so that no two rows share a text. #}
{% macro row_content(columns) -%}
    md5(concat_ws('|'
    {%- for column in columns -%}
    , replace(coalesce({{ column }}, ''), '|', '||')
    {%- endfor -%}
    ))
{%- endmacro %}

{# The rows of a CTE: one per name, in the column `name_column`. #}
{% macro listed(names, name_column) -%}
    {%- for name in names %}
    select '{{ name }}' as {{ name_column }}
    {{ "union all" if not loop.last }}
    {%- else %}
    select cast(null as string) as {{ name_column }} where false
    {%- endfor -%}
{%- endmacro %}

{# A query for the texts of one column in a table that has those of several. #}
{% macro texts_of(column, text, relation) -%}
    select {{ text }} from {{ relation }} where column_name = '{{ column }}'
{%- endmacro %}

{# Names as a list of text literals. #}
{% macro quoted_list(values) -%}
    {%- for value in values -%}
        '{{ value | replace("'", "''") }}'{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# ---------- combinations of cells #}

{# A query for every combination of the texts of some columns of the export, as clean text, and how many rows have it
   (`n_rows`). A row without an id is no deal, such as a total, and does not count. #}
{% macro combinations_of_cells(columns) -%}
    with

    trimmed as (

        select
            {{ trimmed('deal_id') }} as trimmed_id,
            {{ columns | join(', ') }}
        from {{ ref('raw_deals') }}
        where read_error is null

    ),

    counted as (

        select
            {{ columns | join(', ') }},
            count(case when {{ null_if_empty('trimmed_id') }} is not null then 1 end) as n_rows
        from trimmed
        group by {{ columns | join(', ') }}

    ),

    cell_texts as (

        select * from {{ ref('cell_texts') }}

    )

    select
        {% for column in columns -%}
        {{ column }}_texts.cell as {{ column }},
        {% endfor -%}
        counted.n_rows
    from counted
    {% for column in columns -%}
    left join cell_texts as {{ column }}_texts
        on {{ column }}_texts.column_name = '{{ column }}' and counted.{{ column }} = {{ column }}_texts.text_id
    {% endfor -%}
    where counted.n_rows > 0
{%- endmacro %}
