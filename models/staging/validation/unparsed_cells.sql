-- Cells that hold something which could not be read, in rows that are used all the same: there the
-- value counts as empty.

{% set columns = date_columns() + number_columns() -%}

with

accepted as (

    select * from {{ ref('checked_rows') }} where reject_code is null

),

final as (

    {% for column in columns -%}
    select
        source_line,
        '{{ column }}' as column_name,
        {{ column }}_text as cell
    from accepted
    where
        {{ column }} is null
        and {{ column }}_text is not null
        {{ "and not is_open" if column == 'sales_cycle_days' }}
    {{ "union all" if not loop.last }}
    {% endfor %}
)

select * from final
