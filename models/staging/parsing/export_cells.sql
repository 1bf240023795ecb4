-- Every record of the export with its cells as clean text. A view: the texts stand in cell_texts.

{% set columns = export_columns() | reject('eq', 'deal_id') | list -%}

with

records as (

    select
        *,
        {{ trimmed('deal_id') }} as trimmed_id
    from {{ ref('raw_deals') }}

),

cell_texts as (

    select * from {{ ref('cell_texts') }}

),

final as (

    select
        {{ null_if_empty('records.trimmed_id') }} as deal_id,
        {% for column in columns -%}
        {{ column }}_texts.cell as {{ column }},
        {% endfor -%}
        records.source_line,
        records.raw_text,
        records.read_error
    from records
    {% for column in columns -%}
    left join cell_texts as {{ column }}_texts
        on {{ column }}_texts.column_name = '{{ column }}' and records.{{ column }} = {{ column }}_texts.text_id
    {% endfor %}
)

select * from final
