-- Every text in a number column of the export, once, with the numbers that it can be.

{% set columns = number_columns() + ['converted_amount'] -%}

with

cells as (

    select * from {{ ref('export_cells') }} where read_error is null

),

number_columns as (

    {{ listed(columns, 'column_name') }}

),

number_cells as (

    select {{ value_of('number_columns.column_name', columns, 'cells') }} as cell
    from cells
    cross join number_columns

),

texts as (

    select distinct cell
    from number_cells
    where cell is not null

),

bared as (

    select
        cell,
        {{ bare_number(half_width('cell')) }} as bare
    from texts

),

swapped as (

    select
        *,
        {{ with_decimal_point('bare') }} as bare_of_comma
    from bared

),

final as (

    select
        cell,
        {{ is_like_number('bare') }} as is_like_number,
        {{ currency_of('cell') }} as currency,
        {{ decimal_mark_of('bare') }} as decimal_mark,
        {{ number('bare') }} as point_number,
        {{ number('bare_of_comma') }} as comma_number
    from swapped

)

select * from final
