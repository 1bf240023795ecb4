-- Every text of every column but those of which each deal has its own, once, as clean text: trimmed, null where it is
-- empty or a null value. Cleaning and parsing texts and not rows means that the patterns are planned once, and run once
-- per text.

{% set columns = shared_text_columns() -%}

with

raw_texts as (

    select * from {{ ref('raw_texts') }}

),

counts as (

    {% for column in columns -%}
    select
        '{{ column }}' as column_name,
        {{ column }} as text_id,
        count(*) as n_cells
    from {{ ref('raw_deals') }}
    group by {{ column }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

trimmed as (

    select
        raw_texts.column_name,
        raw_texts.text_id,
        {{ trimmed('raw_texts.text') }} as cell,
        coalesce(counts.n_cells, 0) as n_cells
    from raw_texts
    left join counts on raw_texts.column_name = counts.column_name and raw_texts.text_id = counts.text_id

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

{% set is_value -%}
    coalesce(
        {{ is_mapped_word('cell', 'column_name', 'mapped_words.words') }}
        or (column_name = 'deal_stage' and {{ is_mapped_word('cell', "'outcome'", 'mapped_words.words') }}),
        false
    )
    or (
        column_name in ({{ quoted_list(category_columns()) }})
        and lower(cell) in ({{ quoted_list(var('null_values_that_are_levels')) }})
    )
{%- endset %}
filled as (

    select
        column_name,
        text_id,
        {{ null_if_empty('cell', is_value=is_value) }} as cell,
        n_cells,
        state_codes.are_outcomes
    from trimmed
    cross join mapped_words
    cross join state_codes

),

-- Categories and outcomes are compared by their letters, hence normal form C: once, here.
final as (

    select
        column_name,
        text_id,
        case
            when column_name = 'outcome' then {{ outcome_cell(nfc('cell')) }}
            when column_name in ({{ quoted_list(category_columns()) }}) then {{ nfc('cell') }}
            else cell
        end as cell,
        n_cells
    from filled

)

select * from final
