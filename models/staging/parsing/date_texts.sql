-- Every text in a date column of the export, once, with the dates that it can be. With a time zone in the settings, a
-- moment with one becomes the day there.

{% set time_zone = var('time_zone') -%}

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

half_width_texts as (

    select
        *,
        {{ half_width('cell') }} as half_width_cell
    from texts

),

days as (

    select
        *,
        {{ day_text('half_width_cell') }} as day
    from half_width_texts

),

parsed as (

    select
        *,
        {{ calendar_date('day') }} as calendar_date,
        {{ matches('day', slash_date()) }} as is_slash_date
    from days

),

{% if time_zone -%}
dated as (
{%- else -%}
final as (
{%- endif %}

    select
        column_name,
        cell,
        n_cells,
        day,
        is_slash_date,
        {% if time_zone -%}
        half_width_cell,
        {% endif -%}
        {{ dates_in_both_orders('day') }}
    from parsed

){% if time_zone %},

timed as (

    select
        *,
        {{ minutes_of_day('half_width_cell') }} as minutes_of_day,
        {{ minutes_ahead_of_utc('half_width_cell') }} as minutes_ahead_of_utc
    from dated

),

-- Where every time of a column is midnight, it has dates that were exported as moments, and they stay.
columns_of_moments as (

    select distinct column_name from timed where minutes_of_day != 0

),

final as (

    select
        timed.column_name,
        timed.cell,
        timed.n_cells,
        timed.day,
        timed.is_slash_date,
        {% for column in ['day_first_date', 'month_first_date'] -%}
        case
            when columns_of_moments.column_name is not null and timed.minutes_of_day is not null
                then {{ day_in_zone(
                    'timed.' ~ column, 'timed.minutes_of_day - timed.minutes_ahead_of_utc', time_zone
                ) }}
            else timed.{{ column }}
        end as {{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from timed
    left join columns_of_moments on timed.column_name = columns_of_moments.column_name

){% endif %}

select * from final
