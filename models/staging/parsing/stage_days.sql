-- Every day that is written in the stage history, once, and the date that it is. The order of day and month is that of
-- the setting, or the one that the days of the history prove, or else that of the export. Null values stay: DuckDB
-- would look for them in each row of the history and not in each day.

with

texts as (

    select
        'entered_date' as column_name,
        {{ stage_day(trimmed('entered_date')) }} as day,
        count(*) as n_cells
    from {{ ref('raw_stages') }}
    where read_error is null and skip_code is null and entered_date is not null
    group by day

),

{{ dated_texts('texts', 'day') }},

proofs as (

    select
        {{ n_cells_where('day_first_date is not null and month_first_date is null') }} as n_day_first,
        {{ n_cells_where('month_first_date is not null and day_first_date is null') }} as n_month_first
    from dated
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

final as (

    select
        dated.day,
        {{ null_if_empty('dated.day') }} is not null as is_filled,
        case
            when not dated.is_slash_date or orders.date_order = 'day first' then dated.day_first_date
            when orders.date_order = 'month first' then dated.month_first_date
            when dated.day_first_date = dated.month_first_date then dated.day_first_date
        end as entered_date
    from dated
    cross join orders

)

select * from final
