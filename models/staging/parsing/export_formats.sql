-- How the export writes dates and amounts, and where it says what became of a deal, in one row.
-- One cell may be read in two ways; the whole file mostly in one.

with

export as (

    select * from {{ ref('raw_deals') }} where read_error is null

),

meanings as (

    select * from {{ ref('value_mappings') }} where kind = 'outcome'

),

columns_there as (

    select column_name from {{ ref('raw_columns') }} where title is not null

),

date_cells as (

    {% for column in date_columns() -%}
    select {{ text(column) }} as cell, {{ day_text(text(column)) }} as day from export
    {{ "union all" if not loop.last }}
    {% endfor %}
),

slash_dates as (

    select
        cell,
        cast(regexp_extract(day, '{{ slash_date() }}', 1) as integer) > 12 as is_day_first,
        cast(regexp_extract(day, '{{ slash_date() }}', 2) as integer) > 12 as is_month_first
    from date_cells
    where regexp_full_match(day, '{{ slash_date() }}')

),

dates as (

    select
        count(*) as n_slash_dates,
        count(case when is_day_first and not is_month_first then 1 end) as n_day_first,
        count(case when is_month_first and not is_day_first then 1 end) as n_month_first,
        min(cell) as slash_date_example
    from slash_dates

),

-- An amount in the company's own currency is in another one than all others.
amount_cells as (

    select
        coalesce({{ text('converted_amount') }}, {{ text('deal_amount') }}) as cell,
        case
            when {{ text('converted_amount') }} is not null then 'converted'
            else upper({{ text('amount_currency') }})
        end as stated_currency
    from export

),

marks as (

    select
        {{ decimal_mark_of('cell') }} as mark,
        cell
    from amount_cells

),

amounts as (

    select
        count(case when mark = '.' then 1 end) as n_points,
        count(case when mark = ',' then 1 end) as n_commas,
        count(case when mark = '.?' then 1 end) as n_unclear_points,
        count(case when mark = ',?' then 1 end) as n_unclear_commas,
        min(case when mark in ('.?', ',?') then cell end) as unclear_amount_example
    from marks

),

outcome_words as (

    select
        count({{ text('export.outcome') }}) as n_outcomes,
        count(stated.means) as n_outcomes_known,
        count(case when named.means in ('Won', 'Lost') then 1 end) as n_stages_known
    from export
    left join meanings as stated on {{ level_key(text('export.outcome')) }} = stated.level_key
    left join meanings as named on {{ level_key(text('export.deal_stage')) }} = named.level_key

),

currencies as (

    select
        coalesce(stated_currency, {{ currency_of('cell') }}) as currency,
        count(*) as n_deals
    from amount_cells
    -- What is no number names no currency: 'TBD 500?' is one amount to reject, not a second currency.
    where regexp_full_match({{ bare_number('cell') }}, '[(-]?\d[\d.,]*\)?')
    group by all

),

currency_totals as (

    select
        count(currency) as n_currencies,
        arg_max(currency, (n_deals, currency)) filter (where currency is not null) as main_currency,
        coalesce(sum(n_deals) filter (where currency is not null), 0) as n_with_currency,
        coalesce(max(n_deals) filter (where currency is not null), 0) as n_in_main_currency,
        string_agg(currency || ' (' || {{ as_count('n_deals') }} || ')', ', ' order by n_deals desc, currency asc)
            as currency_list
    from currencies

),

final as (

    select
        dates.n_slash_dates,
        dates.slash_date_example,
        case
            when lower('{{ run_value("date_format") }}') = 'dd/mm/yyyy' then 'day first'
            when lower('{{ run_value("date_format") }}') = 'mm/dd/yyyy' then 'month first'
            when dates.n_slash_dates = 0 then 'none to tell'
            when {{ is_rare('dates.n_month_first', 'dates.n_day_first') }} then 'day first'
            when {{ is_rare('dates.n_day_first', 'dates.n_month_first') }} then 'month first'
            when dates.n_day_first > 0 then 'contradictory'
            else 'ambiguous'
        end as date_order,
        amounts.unclear_amount_example,
        case
            when '{{ run_value("decimal_mark") }}' != '' then '{{ run_value("decimal_mark") }}'
            -- '12,345' has decimals only in a file where most amounts with a comma have.
            when {{ is_rare('amounts.n_points', 'amounts.n_commas') }} and amounts.n_unclear_commas <= amounts.n_commas then ','
            when {{ is_rare('amounts.n_commas', 'amounts.n_points') }} and amounts.n_unclear_points <= amounts.n_points then '.'
            when amounts.n_points > 0 and amounts.n_commas > 0 then 'contradictory'
            when amounts.n_points + amounts.n_commas + amounts.n_unclear_points = 0 then '.'
            else 'ambiguous'
        end as decimal_mark,
        currency_totals.n_currencies,
        currency_totals.currency_list,
        currency_totals.main_currency,
        currency_totals.n_with_currency - currency_totals.n_in_main_currency as n_in_other_currencies,
        currency_totals.n_with_currency,
        -- A column called Status may hold anything; it is the outcome where it says one.
        case
            when outcome_words.n_outcomes_known > 0 then 'outcome'
            {% for column in ['is_won', 'won_date'] -%}
            when exists (select 1 from columns_there where column_name = '{{ column }}') then '{{ column }}'
            {% endfor -%}
            when outcome_words.n_stages_known > 0 and outcome_words.n_outcomes = 0 then 'deal_stage'
            when exists (select 1 from columns_there where column_name = 'outcome') then 'outcome'
            else 'deal_stage'
        end as outcome_from
    from dates
    cross join amounts
    cross join currency_totals
    cross join outcome_words

)

select * from final
