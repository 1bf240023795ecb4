-- Every row of the export with its cells typed. A value that cannot be parsed is null here;
-- checked_rows compares it with its text to say why.

with

formats as (

    select
        *,
        case date_order when 'day first' then true when 'month first' then false end as is_day_first
    from {{ ref('export_formats') }}

),

levels as (

    select * from {{ ref('level_mappings') }}

),

outcome_words as (

    select * from {{ ref('value_mappings') }} where kind = 'outcome'

),

cells as (

    select * from {{ ref('export_cells') }}

),

-- An amount in the company's own currency replaces the one in the deal's currency.
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
        cells.row_content
    from cells

),

-- Numbers without currencies and thousands marks, dates without a time of day.
bared as (

    select
        amounts_chosen.*,
        formats.main_currency,
        formats.outcome_from,
        formats.is_day_first,
        {% for column in number_columns() -%}
        {{ with_decimal_point(bare_number('amounts_chosen.' ~ column), 'formats.decimal_mark') }} as bare_{{ column }},
        {% endfor -%}
        {% for column in date_columns() -%}
        {{ day_text('amounts_chosen.' ~ column) }} as bare_{{ column }},
        {% endfor -%}
        {{ level_key('amounts_chosen.outcome') }} as outcome_key,
        {{ level_key('amounts_chosen.deal_stage') }} as stage_key
    from amounts_chosen
    cross join formats

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
        coalesce({{ yes_or_no('export.is_deleted') }}, false) as is_deleted,
        coalesce(not {{ yes_or_no('export.is_current_row') }}, false) as is_history,
        coalesce(export.sales_rep_id, 'Unknown') as sales_rep_id,
        export.account_id,

        ---------- dates
        {% for column in date_columns() -%}
        export.{{ column }} as {{ column }}_text,
        {{ calendar_date('export.bare_' ~ column, 'export.is_day_first') }} as {{ column }},
        {% endfor %}
        ---------- categories
        {% for column in category_columns() -%}
        coalesce({{ column }}_levels.level, 'Unknown') as {{ column }},
        {% endfor %}
        ---------- numbers
        {% for column in number_columns() -%}
        export.{{ column }} as {{ column }}_text,
        {{ number('export.bare_' ~ column) }} as {{ column }},
        {% endfor -%}
        coalesce(export.amount_currency, {{ currency_of('export.deal_amount') }}) != export.main_currency
            as is_other_currency,

        ---------- outcome
        case export.outcome_from
            when 'outcome' then coalesce(stated.means, case when export.outcome is null then 'Open' end)
            when 'is_won'
                then case
                    when export.is_won is not null and {{ yes_or_no('export.is_won') }} is null then null
                    when export.is_closed is not null and {{ yes_or_no('export.is_closed') }} is null then null
                    when {{ yes_or_no('export.is_won') }} then 'Won'
                    when not {{ yes_or_no('export.is_closed') }} then 'Open'
                    when {{ yes_or_no('export.is_closed') }} and not {{ yes_or_no('export.is_won') }} then 'Lost'
                    when {{ yes_or_no('export.is_closed') }} then named.means
                    else coalesce(named.means, 'Open')
                end
            when 'won_date'
                then case
                    when export.won_date is not null then 'Won'
                    when export.lost_date is not null then 'Lost'
                    else 'Open'
                end
            else coalesce(named.means, case when export.deal_stage is not null then 'Open' end)
        end as outcome_read,
        coalesce(export.outcome, export.is_won, export.won_date, export.lost_date) as outcome_text,
        export.outcome_from,
        case when named.means in ('Won', 'Lost') then named.means end as stage_outcome
    from bared as export
    {% for column in category_columns() -%}
    left join levels as {{ column }}_levels
        on {{ column }}_levels.column_name = '{{ column }}' and export.{{ column }} = {{ column }}_levels.spelling
    {% endfor -%}
    left join outcome_words as stated on export.outcome_key = stated.level_key
    left join outcome_words as named on export.stage_key = named.level_key

),

-- The outcome is unknown where a won or lost date that says it cannot be parsed.
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
