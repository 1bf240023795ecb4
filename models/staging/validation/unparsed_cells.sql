-- Cells with content that cannot be parsed, in rows that are used all the same: the value counts as empty.
-- Of a row that is used, checked_rows has the text of such cells only.

{% set columns = date_columns() + number_columns() -%}

with

accepted as (

    select * from {{ ref('checked_rows') }} where reject_code is null

),

parsed_columns as (

    {{ listed(columns, 'column_name') }}

),

unparsed as (

    select
        accepted.source_line,
        parsed_columns.column_name,
        case parsed_columns.column_name
            {% for column in columns -%}
            when '{{ column }}'
                then {{ 'case when not accepted.is_open then accepted.sales_cycle_days_text end'
                    if column == 'sales_cycle_days' else 'accepted.' ~ column ~ '_text' }}
            {% endfor -%}
        end as cell
    from accepted
    cross join parsed_columns

),

final as (

    select
        source_line,
        column_name,
        cell
    from unparsed
    where cell is not null

)

select * from final
