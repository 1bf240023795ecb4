{# How a model becomes a table or a view on DuckDB, in place of dbt's own materializations, which build
   under a second name and rename twice (docs/decisions/0018). #}

{% materialization table, adapter='duckdb', supported_languages=['sql', 'python'] %}
    {%- set relation = this.incorporate(type='table') -%}
    {%- do drop_other(relation) -%}
    {{ run_hooks(pre_hooks) }}
    {%- call statement('main', language=model.language) -%}
        {%- if model.language == 'python' -%}
            {{ py_write_table(temporary=False, relation=relation, compiled_code=compiled_code) }}
        {%- else -%}
            create or replace table {{ relation }} as (
                {{ with_short_text(compiled_code, config.get('short_text_columns', [])) }}
            );
        {%- endif -%}
    {%- endcall -%}
    {{ return(finished_relation(relation)) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
    {%- set relation = this.incorporate(type='view') -%}
    {%- do drop_other(relation) -%}
    {%- call statement('main') -%}
        create or replace view {{ relation }} as (
            {{ compiled_code }}
        );
    {%- endcall -%}
    {{ return(finished_relation(relation)) }}
{% endmaterialization %}

{# Drop what has the name of a relation and cannot be replaced: a view where a table is built, or the
   other way round. Python creates its tables on a connection of its own and replaces none. #}
{% macro drop_other(relation) %}
    {%- set existing = load_cached_relation(relation) -%}
    {%- if existing and (existing.type != relation.type or model.language == 'python') -%}
        {%- do adapter.drop_relation(existing) -%}
    {%- endif -%}
{% endmacro %}

{# What a materialization returns, after the contract was checked, the comments written and the
   transaction committed. A build for publication drops the tables that the config `drops` names, of which
   the model is the last reader: those after it take their place in the file. #}
{% macro finished_relation(relation) %}
    {%- if config.get('contract').enforced -%}
        {%- do check_contract(relation) -%}
    {%- endif -%}
    {%- do write_comments(relation) -%}
    {%- set used = config.get('drops', []) if env_var('WINRATE_DROPS_USED_TABLES', '') else [] -%}
    {%- for name in used -%}
        {%- do run_query('drop table ' ~ ref(name)) -%}
    {%- endfor -%}
    {%- do adapter.commit() -%}
    {%- if used -%}
        {#- DuckDB writes where a dropped table stood only after a checkpoint. `force` waits for the other threads. -#}
        {%- do run_query('force checkpoint') -%}
    {%- endif -%}
    {{ return({'relations': [relation]}) }}
{% endmacro %}

{# The descriptions of the model and its columns, as comments in the database. A description of a
   column that does not exist is an error. #}
{% macro write_comments(relation) %}
    {%- set comments = [] -%}
    {%- if model.description -%}
        {%- do comments.append(alter_relation_comment(relation, model.description)) -%}
    {%- endif -%}
    {%- for column in model.columns.values() if column.description -%}
        {%- do comments.append(
            "comment on column " ~ relation ~ "." ~ adapter.quote(column.name) ~ " is "
            ~ duckdb_escape_comment(column.description) ~ ";"
        ) -%}
    {%- endfor -%}
    {%- if comments -%}
        {%- do run_query(comments | join('\n')) -%}
    {%- endif -%}
{% endmacro %}

{# The columns of a relation, as dbt asks for them to write the rows of unit tests: to dbt, an ENUM is text. #}
{% macro duckdb__get_columns_in_relation(relation) %}
    {%- call statement('get_columns_in_relation', fetch_result=True) %}
        select
            column_name,
            case when column_type like 'ENUM(%' then 'VARCHAR' else column_type end as data_type,
            cast(null as bigint) as character_maximum_length,
            cast(null as bigint) as numeric_precision,
            cast(null as bigint) as numeric_scale
        from (describe {{ relation.render() }})
    {%- endcall %}
    {{ return(sql_convert_columns_in_relation(load_result('get_columns_in_relation').table)) }}
{% endmacro %}
