-- Cells that hold something which could not be read, in rows that are used all the same: there the
-- value counts as empty.

{% set columns = ['stage_entered_date'] + number_columns() | reject('equalto', 'deal_amount') | list -%}

with

accepted as (

    select * from {{ ref('checked_rows') }} where reject_code is null

),

final as (

    -- Of deals that the export calls closed it is the closing date, without which they are rejected.
    select
        source_line,
        'expected_close_date' as column_name,
        close_date_text as cell
    from accepted
    where stated_outcome is null and close_date is null and close_date_text is not null

    {% for column in columns -%}
    union all

    select
        source_line,
        '{{ column }}' as column_name,
        {{ column }}_text as cell
    from accepted
    where {{ column }} is null and {{ column }}_text is not null
    {% endfor %}
)

select * from final
