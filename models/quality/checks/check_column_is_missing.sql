-- Columns that the export does not have, with what each would add (`adds` in `export_columns`).

with

-- A column may be derived from another.
columns_that_add as (

    {% for name, column in var('export_columns').items() if column.get('adds') -%}
    {% for source in [name] + column.get('fallback_columns', []) -%}
    select
        '{{ name }}' as column_name,
        '{{ source }}' as source_name,
        '{{ column["adds"] | replace("'", "''") }}' as adds
    union all
    {% endfor -%}
    {% endfor -%}
    select
        cast(null as string) as column_name,
        cast(null as string) as source_name,
        cast(null as string) as adds
    where false

),

missing as (

    select
        columns_that_add.column_name,
        columns_that_add.adds
    from columns_that_add
    left join {{ ref('raw_columns') }} as raw_columns
        on columns_that_add.source_name = raw_columns.column_name
    group by columns_that_add.column_name, columns_that_add.adds
    having count(raw_columns.title) = 0

),

deals as (

    select count(*) as n_deals from {{ ref('stg_deals') }}

),

found as (

    select
        deals.n_deals,
        'No column of the export is read as ' || missing.column_name || '. It would add ' || missing.adds
        || '.' as message
    from missing
    cross join deals

)

{{ check_shape('found') }}
