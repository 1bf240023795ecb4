-- Every text in a date column of the export, once, with the dates that it can be. Parsing texts and not rows
-- means that the patterns are planned once, and run once per text.

with

cells as (

    select * from {{ ref('export_cells') }} where read_error is null

),

date_columns as (

    {{ listed(date_columns(), 'column_name') }}

),

date_cells as (

    select
        date_columns.column_name,
        {{ value_of('date_columns.column_name', date_columns(), 'cells') }} as cell
    from cells
    cross join date_columns

),

texts as (

    select
        column_name,
        cell,
        count(*) as n_cells
    from date_cells
    where cell is not null
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
        case when is_slash_date then {{ matched_date('day', slash_date(), 3, 2, 1) }} else calendar_date end
            as day_first_date,
        case when is_slash_date then {{ matched_date('day', slash_date(), 3, 1, 2) }} else calendar_date end
            as month_first_date
    from parsed

)

select * from final
