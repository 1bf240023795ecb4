-- Every record of the export with its cells as clean text: the one place that reads raw cells.

with

records as (

    select * from {{ ref('raw_deals') }}

),

trimmed as (

    select
        {% for column in export_columns() -%}
        {{ trimmed(column) }} as {{ column }},
        {% endfor -%}
        source_line,
        raw_text,
        read_error
    from records

),

-- Categories and outcomes are compared by their letters, hence normal form C: once, here.
cells as (

    select
        {% for column in export_columns() -%}
        {% set levels = var('null_values_that_are_levels') if column in category_columns() else [] -%}
        {% set cell = null_if_empty(column, levels) -%}
        {{ nfc(cell) if column in category_columns() + ['outcome'] else cell }} as {{ column }},
        {% endfor -%}
        source_line,
        raw_text,
        read_error
    from trimmed

),

final as (

    select
        *,
        -- Equal for rows that are equal in every column that is read.
        {{ row_content(export_columns()) }} as row_content
    from cells

)

select * from final
