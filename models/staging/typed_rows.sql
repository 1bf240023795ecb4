-- Every row of the export with its cells typed. A value that cannot be read is
-- null here; checked_rows compares it with its text to say why.

{% set numbers = (['sales_cycle_days'] + numeric_features()) | unique | reject('equalto', 'deal_amount') | list -%}

with

export as (

    select * from {{ ref('raw_deals') }}

),

formats as (

    select
        *,
        case date_order when 'day first' then true when 'month first' then false end as is_day_first
    from {{ ref('export_formats') }}

),

levels as (

    select * from {{ ref('level_spellings') }}

),

outcome_words as (

    select * from {{ ref('value_meanings') }} where kind = 'outcome'

),

typed as (

    select
        ---------- where it came from
        export.source_line,
        export.raw_text,
        export.read_error,
        {{ row_content('export') }} as row_content,

        ---------- ids
        {{ text('export.deal_id') }} as deal_id,
        coalesce({{ text('export.sales_rep_id') }}, 'Unknown') as sales_rep_id,

        ---------- dates
        {{ text('export.created_date') }} as created_date_text,
        {% for column in date_columns() -%}
        {{ calendar_date('export.' ~ column, 'formats.is_day_first') }} as {{ column }},
        {% endfor %}
        ---------- categories
        {% for column in category_columns() -%}
        coalesce({{ column }}_levels.level, 'Unknown') as {{ column }},
        {% endfor %}
        ---------- numbers
        {{ amount_text('export') }} as deal_amount_text,
        {{ number(amount_text('export'), 'formats.decimal_mark') }} as deal_amount,
        coalesce(upper({{ text('export.amount_currency') }}), {{ currency_of(amount_text('export')) }})
            != formats.main_currency
        and {{ text('export.converted_amount') }} is null
            as is_other_currency,
        {% for column in numbers -%}
        {{ number('export.' ~ column, 'formats.decimal_mark') }} as {{ column }},
        {% endfor %}
        ---------- outcome
        case formats.outcome_from
            when 'outcome' then coalesce(stated.means, case when {{ text('export.outcome') }} is null then 'Open' end)
            when 'is_won' then
                case
                    when {{ yes_or_no('export.is_won') }} then 'Won'
                    when {{ yes_or_no('export.is_closed') }} then 'Lost'
                    when not {{ yes_or_no('export.is_closed') }} then 'Open'
                    when not {{ yes_or_no('export.is_won') }} then coalesce(named.means, 'Open')
                    when {{ text('export.is_won') }} is null then 'Open'
                end
            when 'won_date' then
                case
                    when {{ text('export.won_date') }} is not null then 'Won'
                    when {{ text('export.lost_date') }} is not null then 'Lost'
                    else 'Open'
                end
            else coalesce(named.means, 'Open')
        end as outcome_word,
        coalesce({{ text('export.outcome') }}, {{ text('export.is_won') }}) as outcome_text,
        case when named.means in ('Won', 'Lost') then named.means end as stage_outcome,
        {{ text('export.closed_date') }} as closed_date_text,
        {{ text('export.won_date') }} as won_date_text,
        {{ text('export.lost_date') }} as lost_date_text
    from export
    cross join formats
    {% for column in category_columns() -%}
    left join levels as {{ column }}_levels
        on
            {{ column }}_levels.column_name = '{{ column }}'
            and {{ column }}_levels.spelling = {{ text('export.' ~ column) }}
    {% endfor -%}
    left join outcome_words as stated
        on stated.level_key = {{ level_key(text('export.outcome')) }}
    left join outcome_words as named
        on named.level_key = {{ level_key(text('export.deal_stage')) }}

),

-- Which of its dates closes a deal; and a stage that names the outcome says nothing else.
final as (

    select
        * exclude (closed_date, expected_close_date, won_date, lost_date, closed_date_text, won_date_text, lost_date_text, outcome_word)
        replace (case when stage_outcome is not null then 'Closed' else deal_stage end as deal_stage),
        case when outcome_word in ('Won', 'Lost') then outcome_word end as outcome,
        coalesce(outcome_word = 'Open', false) as is_open,
        case outcome_word
            when 'Won' then coalesce(closed_date, won_date)
            when 'Lost' then coalesce(closed_date, lost_date)
            else coalesce(expected_close_date, closed_date)
        end as close_date,
        coalesce(
            closed_date_text, case outcome_word when 'Won' then won_date_text when 'Lost' then lost_date_text end
        ) as close_date_text
    from typed

)

select * from final
