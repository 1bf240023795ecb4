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

-- Null values that the user's own file maps, in one text: '|industry:none|outcome:-|'. They are values.
mapped_words as (

    select '|' || {{ text_list("kind || ':' || lower(found)", '|', 'kind asc, found asc') }} || '|' as words
    from {{ ref('raw_mappings') }}
    where priority = 0 and kind != 'column' and lower(found) in ({{ quoted_list(var('null_values')) }})

),

-- Whether the outcomes are numbers of states of Dynamics 365, for which there are words.
state_codes as (

    select count(*) > 0 as are_outcomes
    from {{ ref('raw_columns') }}
    where column_name = 'outcome' and lower(title) = 'statecode'

),

-- Categories and outcomes are compared by their letters, hence normal form C: once, here.
cells as (

    select
        {% for column in export_columns() -%}
        {% set levels = var('null_values_that_are_levels') if column in category_columns() else [] -%}
        {% set kinds = {'outcome': ['outcome'], 'deal_stage': ['deal_stage', 'outcome']}.get(column, [column]) -%}
        {% set is_mappable = column in category_columns() + name_columns() + ['outcome'] -%}
        {% set is_mapped = is_mapped_word(column, kinds, 'mapped_words.words') if is_mappable else 'false' -%}
        {% set cell = null_if_empty(column, levels, is_mapped) -%}
        {{ outcome_cell(nfc(cell)) if column == 'outcome' else nfc(cell) if column in category_columns() else cell }}
            as {{ column }},
        {% endfor -%}
        source_line,
        raw_text,
        read_error
    from trimmed
    cross join mapped_words
    cross join state_codes

),

final as (

    select
        *,
        -- Equal for rows that are equal in every column that is read.
        {{ row_content(export_columns()) }} as row_content
    from cells

)

select * from final
