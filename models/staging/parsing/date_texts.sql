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

days as (

    select
        *,
        {{ day_text(half_width('cell')) }} as day
    from texts

),

parsed as (

    select
        *,
        {{ calendar_date('day') }} as calendar_date,
        {{ matches('day', slash_date()) }} as is_slash_date
    from days

),

final as (

    select
        column_name,
        cell,
        n_cells,
        day,
        is_slash_date,
        {{ dates_in_both_orders('day') }}
    from parsed

)

select * from final
