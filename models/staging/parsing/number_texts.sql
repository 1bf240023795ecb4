-- Every text in a number column of the export, once, with the numbers that it can be.

with

texts as (

    select distinct cell
    from {{ ref('cell_texts') }}
    where column_name in ({{ quoted_list(number_columns() + ['converted_amount']) }}) and cell is not null

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
