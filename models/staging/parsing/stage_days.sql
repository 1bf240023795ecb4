-- Every day that is written in the stage history, once, and the date that it is. The order of day and month is that of
-- the setting, or the one that the days of the history prove, or else that of the export. Null values stay: DuckDB
-- would look for them in each row of the history and not in each day.

with

texts as (

    select
        {{ stage_day(trimmed('entered_date')) }} as day,
        count(*) as n_cells
    from {{ ref('raw_stages') }}
    where read_error is null and skip_code is null and entered_date is not null
    group by day

),

cells as (

    select
        *,
        {{ half_width('day') }} as cell
    from texts

),

day_texts as (

    select
        *,
        {{ day_text('cell') }} as written_day
    from cells

),

parsed as (

    select
        *,
        {{ calendar_date('written_day') }} as calendar_date,
        {{ matches('written_day', slash_date()) }} as is_slash_date
    from day_texts

),

days as (

    select
        day,
        cell,
        n_cells,
        is_slash_date,
        {{ dates_in_both_orders('written_day') }}
    from parsed

),

proofs as (

    select
        {{ n_cells_where('day_first_date is not null and month_first_date is null') }} as n_day_first,
        {{ n_cells_where('month_first_date is not null and day_first_date is null') }} as n_month_first
    from days
    where is_slash_date

),

orders as (

    select
        case
            when '{{ run_value('date_format') }}' != '' then export_formats.date_order
            when {{ is_rare('proofs.n_month_first', 'proofs.n_day_first') }} then 'day first'
            when {{ is_rare('proofs.n_day_first', 'proofs.n_month_first') }} then 'month first'
            when proofs.n_day_first = 0 then export_formats.date_order
        end as date_order
    from proofs
    cross join {{ ref('export_formats') }} as export_formats

),

written as (

    select
        days.day,
        days.cell,
        case
            when not days.is_slash_date or orders.date_order = 'day first' then days.day_first_date
            when orders.date_order = 'month first' then days.month_first_date
            when days.day_first_date = days.month_first_date then days.day_first_date
        end as written_date
    from days
    cross join orders

),

final as (

    select
        day,
        {{ null_if_empty('day') }} is not null as is_filled,
        {% if var('time_zone') -%}
        coalesce(
            {{ day_in_zone(
                'written_date', minutes_of_day('cell') ~ ' - ' ~ minutes_ahead_of_utc('cell'), var('time_zone')
            ) }},
            written_date
        ) as entered_date
        {%- else -%}
        written_date as entered_date
        {%- endif %}
    from written

)

select * from final
