-- Every text in a date column of the export, once, with the dates that it can be.

with

texts as (

    select
        column_name,
        cell,
        cast(sum(n_cells) as bigint) as n_cells
    from {{ ref('cell_texts') }}
    where column_name in ({{ quoted_list(date_columns()) }}) and cell is not null
    group by column_name, cell

),

{{ dated_texts('texts', 'cell') }},

final as (

    select
        column_name,
        cell,
        n_cells,
        day_text as day,
        is_slash_date,
        day_first_date,
        month_first_date
    from dated

)

select * from final
