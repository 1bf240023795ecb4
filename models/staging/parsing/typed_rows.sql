-- Every row of the export with its cells typed. A value that cannot be parsed is null here;
-- checked_rows compares it with its text to say why.

{{ config(
    short_text_columns=category_columns() + ['sales_rep_id', 'outcome'] + date_text_columns(),
    pre_hook='{{ text_type([
        "select level from " ~ ref("level_mappings"),
        texts_of("sales_rep_id", "name", ref("name_texts")),
        "select cell from " ~ ref("date_texts"),
    ]) }}'
) }}

with

formats as (

    select * from {{ ref('export_formats') }}

),

-- Where the order of day and month is not known, a date that depends on it is null.
dates as (

    select
        date_texts.column_name,
        date_texts.cell,
        case
            when formats.date_order = 'day first' or day_first_date = month_first_date then day_first_date
            when formats.date_order = 'month first' then month_first_date
        end as day
    from {{ ref('date_texts') }} as date_texts
    cross join formats

),

numbers as (

    select
        number_texts.cell,
        number_texts.currency,
        case
            when formats.decimal_mark = ',' then comma_number
            when formats.decimal_mark = 'either' and number_texts.decimal_mark = ',' then comma_number
            else point_number
        end as number
    from {{ ref('number_texts') }} as number_texts
    cross join formats

),

levels as (

    select * from {{ ref('level_mappings') }}

),

outcome_texts as (

    select * from {{ ref('outcome_texts') }}

),

name_texts as (

    select * from {{ ref('name_texts') }}

),

cells as (

    select * from {{ ref('export_cells') }}

),

repeated_deals as (

    select * from {{ ref('repeated_deals') }}

),

-- An amount in the company's own currency replaces the one in the deal's currency. The content of a row is the same for
-- rows that are equal in every column that is read; only rows of one deal are compared.
amounts_chosen as (

    select
        {% for column in export_columns() if column not in ['deal_amount', 'amount_currency'] -%}
        cells.{{ column }},
        {% endfor -%}
        coalesce(cells.converted_amount, cells.deal_amount) as deal_amount,
        case when cells.converted_amount is not null then 'converted' else upper(cells.amount_currency) end
            as amount_currency,
        cells.source_line,
        cells.raw_text,
        cells.read_error,
        case when repeated_deals.deal_id is not null then {{ row_content(export_columns(), 'cells') }} end as row_content
    from cells
    left join repeated_deals on cells.deal_id = repeated_deals.deal_id

),

flagged as (

    select
        {% for column in ['is_deleted', 'is_removed', 'is_current_row', 'is_won', 'is_closed'] -%}
        {{ yes_or_no(column) }} as says_{{ column }},
        {% endfor -%}
        *
    from amounts_chosen

),

typed as (

    select
        ---------- where it came from
        export.source_line,
        export.raw_text,
        export.read_error,
        export.row_content,

        ---------- ids
        export.deal_id,
        coalesce(export.says_is_deleted, false)
        or coalesce(export.says_is_removed, false)
        or 'Deleted' in (coalesce(stated.means, ''), coalesce(by_stage.means, '')) as is_deleted,
        coalesce(not export.says_is_current_row, false) as is_history,
        coalesce(sales_rep_id_names.name, 'Unknown') as sales_rep_id,
        account_id_names.name as account_id,

        ---------- dates
        {% for column in date_columns() -%}
        export.{{ column }} as {{ column }}_text,
        {{ column }}_dates.day as {{ column }},
        {% endfor %}
        ---------- categories
        {% for column in category_columns() -%}
        coalesce({{ column }}_levels.level, 'Unknown') as {{ column }},
        {% endfor %}
        ---------- numbers
        {% for column in number_columns() -%}
        export.{{ column }} as {{ column }}_text,
        {{ column }}_numbers.number as {{ column }},
        {% endfor -%}
        coalesce(export.amount_currency, deal_amount_numbers.currency) != formats.main_currency
            as is_other_currency,

        ---------- outcome
        case formats.outcome_from
            when 'outcome' then coalesce(stated.means, case when export.outcome is null then 'Open' end)
            when 'is_won'
                then case
                    when export.is_won is not null and export.says_is_won is null then null
                    when export.is_closed is not null and export.says_is_closed is null then null
                    when export.says_is_won and not export.says_is_closed then null
                    when export.says_is_won then 'Won'
                    when not export.says_is_closed then 'Open'
                    when export.says_is_closed and not export.says_is_won then 'Lost'
                    when export.says_is_closed then by_stage.means
                    else coalesce(by_stage.means, 'Open')
                end
            when 'won_date'
                then case
                    when export.won_date is not null then 'Won'
                    when export.lost_date is not null then 'Lost'
                    else 'Open'
                end
            else coalesce(by_stage.means, case when export.deal_stage is not null then 'Open' end)
        end as outcome_read,
        case
            when formats.outcome_from = 'is_won' and export.says_is_won and not export.says_is_closed
                then 'won, but not closed'
            else coalesce(export.outcome, export.is_won, export.won_date, export.lost_date)
        end as outcome_text,
        formats.outcome_from,
        case when by_stage.means in ('Won', 'Lost') then by_stage.means end as stage_outcome
    from flagged as export
    cross join formats
    {% for column in date_columns() -%}
    left join dates as {{ column }}_dates
        on {{ column }}_dates.column_name = '{{ column }}' and export.{{ column }} = {{ column }}_dates.cell
    {% endfor -%}
    {% for column in number_columns() -%}
    left join numbers as {{ column }}_numbers
        on export.{{ column }} = {{ column }}_numbers.cell
    {% endfor -%}
    {% for column in category_columns() -%}
    left join levels as {{ column }}_levels
        on {{ column }}_levels.column_name = '{{ column }}' and export.{{ column }} = {{ column }}_levels.spelling
    {% endfor -%}
    {% for column in name_columns() -%}
    left join name_texts as {{ column }}_names
        on {{ column }}_names.column_name = '{{ column }}' and export.{{ column }} = {{ column }}_names.cell
    {% endfor -%}
    left join outcome_texts as stated on export.outcome = stated.cell
    left join outcome_texts as by_stage on export.deal_stage = by_stage.cell

),

-- The outcome is unknown where a won or lost date that says it cannot be parsed. Of both dates the later one says it.
understood as (

    select
        *,
        case
            when
                outcome_from = 'won_date'
                and (
                    (won_date_text is not null and won_date is null)
                    or (lost_date_text is not null and lost_date is null)
                )
                then null
            when outcome_from = 'won_date' and lost_date > won_date then 'Lost'
            else outcome_read
        end as outcome_word
    from typed

),

-- The date that closes the deal depends on its outcome. A stage that leaks the outcome becomes 'Closed'.
final as (

    select
        source_line,
        raw_text,
        read_error,
        row_content,
        deal_id,
        is_deleted,
        is_history,
        sales_rep_id,
        account_id,
        {% for column in date_columns() -%}
        {{ column }}_text,
        {{ column }},
        {% endfor -%}
        case outcome_word
            when 'Won' then coalesce(closed_date_text, won_date_text)
            when 'Lost' then coalesce(closed_date_text, lost_date_text)
            else closed_date_text
        end as close_date_text,
        case outcome_word
            when 'Won' then coalesce(closed_date, won_date)
            when 'Lost' then coalesce(closed_date, lost_date)
            else coalesce(expected_close_date, closed_date)
        end as close_date,
        {% for column in category_columns() -%}
        {{ "case when stage_outcome is not null then 'Closed' else deal_stage end as deal_stage"
            if column == 'deal_stage' else column }},
        {% endfor -%}
        {% for column in number_columns() -%}
        {{ column }}_text,
        {{ column }},
        {% endfor -%}
        is_other_currency,
        outcome_text,
        stage_outcome,
        case when outcome_word in ('Won', 'Lost') then outcome_word end as outcome,
        coalesce(outcome_word = 'Open', false) as is_open
    from understood

)

select * from final
