-- How the export writes dates and amounts, and which column has the outcome, in one row. A single
-- cell may be readable in two ways; the file as a whole rarely is.

{% set reporting_currency = var('reporting_currency') | upper -%}

with

outcome_texts as (

    select * from {{ ref('outcome_texts') }}

),

columns_there as (

    select column_name from {{ ref('raw_columns') }} where title is not null

),

date_texts as (

    select * from {{ ref('date_texts') }}

),

dates as (

    select
        {{ n_cells_where('true') }} as n_slash_dates,
        {{ n_cells_where('day_first_date is not null and month_first_date is null') }} as n_day_first,
        {{ n_cells_where('month_first_date is not null and day_first_date is null') }} as n_month_first,
        -- A date that means another day in the other order.
        coalesce(min(case when day_first_date != month_first_date then cell end), min(cell)) as slash_date_example
    from date_texts
    where is_slash_date

),

-- Dates that begin with a year of two digits would be read with the year as the day. They show by a first number
-- that is never a month and takes fewer values than the last one. Text that is a date in no order proves nothing.
short_dates as (

    select
        min(cast({{ extract_match('day', short_date(), 1) }} as integer)) as min_first,
        count(distinct {{ extract_match('day', short_date(), 1) }}) as n_first,
        count(distinct {{ extract_match('day', short_date(), 3) }}) as n_last,
        {{ n_cells_where('true') }} as n_dates,
        min(cell) as example
    from date_texts
    where
        {{ matches('day', short_date()) }}
        and coalesce(day_first_date, month_first_date, {{ matched_date('day', short_date(), 1, 2, 3) }}) is not null

),

year_first_texts as (

    select
        cell,
        n_cells,
        day_first_date as month_second_date,
        {{ matched_date('day', year_first_date(), 1, 3, 2) }} as day_second_date
    from date_texts
    where {{ matches('day', year_first_date()) }}

),

-- 2024-31-01 is no date; in such a file 2024-05-01 is another one than it seems.
year_first_dates as (

    select
        {{ n_cells_where('true') }} as n_dates,
        {{ n_cells_where('day_second_date is not null and month_second_date is null') }} as n_day_second,
        {{ n_cells_where('month_second_date is not null and day_second_date is null') }} as n_day_last,
        max(case when day_second_date is not null and month_second_date is null then cell end) as example
    from year_first_texts

),

-- A spreadsheet that expects the month first makes dates of text such as 05/03/2024, with day and month exchanged, and
-- leaves 25/03/2024 as text. It shows in a column where no date has a day after the 12th and all text has one.
columns_of_dates as (

    select
        {{ n_cells_where('is_slash_date and (day_first_date is null) != (month_first_date is null)') }} as n_one_order,
        {{ n_cells_where('is_slash_date and day_first_date is not null and month_first_date is not null') }}
            as n_both_orders,
        {{ n_cells_where('not is_slash_date and extract(day from day_first_date) <= 12') }} as n_early_days,
        {{ n_cells_where('not is_slash_date and extract(day from day_first_date) > 12') }} as n_late_days,
        min(case when is_slash_date then cell end) as example
    from date_texts
    group by column_name

),

half_converted_dates as (

    select min(example) as example
    from columns_of_dates
    where {{ is_half_converted() }}

),

-- An amount that the CRM has converted counts as one currency, whatever the currency of the deal; where amounts are
-- converted here, too, as the reporting currency, unless it names another.
chosen_amounts as (

    select
        coalesce(converted_amount, deal_amount) as cell,
        case
            when converted_amount is null then upper(amount_currency)
            {{ "else 'converted'" if not reporting_currency }}
        end as stated_currency,
        n_rows
    from {{ ref('amount_cells') }}

),

number_texts as (

    select * from {{ ref('number_texts') }}

),

amounts_read as (

    select
        chosen_amounts.cell,
        number_texts.decimal_mark,
        number_texts.is_like_number,
        coalesce(chosen_amounts.stated_currency, number_texts.currency) as currency,
        chosen_amounts.n_rows
    from chosen_amounts
    inner join number_texts on chosen_amounts.cell = number_texts.cell

),

amounts as (

    select
        {{ whole_sum("case when decimal_mark = '.' then n_rows end") }} as n_points,
        {{ whole_sum("case when decimal_mark = ',' then n_rows end") }} as n_commas,
        {{ whole_sum("case when decimal_mark = '.?' then n_rows end") }} as n_unclear_points,
        {{ whole_sum("case when decimal_mark = ',?' then n_rows end") }} as n_unclear_commas,
        min(case when decimal_mark in ('.?', ',?') then cell end) as unclear_amount_example
    from amounts_read

),

outcome_words as (

    select
        {{ whole_sum('case when cells.outcome is not null then cells.n_rows end') }} as n_outcomes,
        {{ whole_sum('case when stated.means is not null then cells.n_rows end') }} as n_outcomes_known,
        {{ whole_sum("case when stated.means in ('Won', 'Lost') then cells.n_rows end") }} as n_outcomes_closed,
        {{ whole_sum("case when by_stage.means in ('Won', 'Lost') then cells.n_rows end") }} as n_stages_known
    from {{ ref('outcome_cells') }} as cells
    left join outcome_texts as stated on cells.outcome = stated.cell
    left join outcome_texts as by_stage on cells.deal_stage = by_stage.cell

),

-- Text that is no number names no currency: 'TBD 500?' is one amount to reject, not a second currency.
currencies as (

    select
        currency,
        {{ whole_sum('n_rows') }} as n_deals
    from amounts_read
    where is_like_number
    group by currency

),

main_currencies as (

    select
        coalesce(
            {{ "max('" ~ reporting_currency ~ "')," if reporting_currency }}
            max_by(currency, (n_deals, currency)) filter (where currency is not null)
        ) as main_currency
    from currencies

),

rated_currencies as (

    select distinct currency from {{ ref('raw_rates') }}

),

-- Whether the amounts in a currency can be converted, or need not be.
judged_currencies as (

    select
        currencies.currency,
        currencies.n_deals,
        main_currencies.main_currency,
        currencies.currency = main_currencies.main_currency or rated_currencies.currency is not null as is_usable
    from currencies
    cross join main_currencies
    left join rated_currencies on currencies.currency = rated_currencies.currency

),

currency_totals as (

    select
        count(currency) as n_currencies,
        max(main_currency) as main_currency,
        {{ whole_sum('n_deals') }} as n_amounts,
        cast(coalesce(sum(n_deals) filter (where currency is not null), 0) as bigint) as n_with_currency,
        cast(coalesce(sum(n_deals) filter (where currency is not null and not is_usable), 0) as bigint)
            as n_in_other_currencies,
        {{ text_list(
            "currency || ' (' || " ~ as_count('n_deals') ~ " || ')'", ', ', 'n_deals desc, currency asc nulls last'
        ) }} as currency_list,
        {{ text_list(
            "case when not is_usable then currency || ' (' || " ~ as_count('n_deals') ~ " || ')' end", ', ',
            'n_deals desc, currency asc nulls last'
        ) }} as other_currency_list
    from judged_currencies

),

final as (

    select
        dates.n_slash_dates,
        case
            when half_converted_dates.example is not null then half_converted_dates.example
            when {{ is_day_second() }} then year_first_dates.example
            when {{ is_short_year_first() }} then short_dates.example
            else dates.slash_date_example
        end as slash_date_example,
        case
            when half_converted_dates.example is not null then 'half converted'
            when {{ is_day_second() }} then 'day second'
            when lower('{{ run_value("date_format") }}') = 'dd/mm/yyyy' then 'day first'
            when lower('{{ run_value("date_format") }}') = 'mm/dd/yyyy' then 'month first'
            when {{ is_short_year_first() }} then 'short year first'
            when dates.n_slash_dates = 0 then 'not needed'
            when {{ is_rare('dates.n_month_first', 'dates.n_day_first') }} then 'day first'
            when {{ is_rare('dates.n_day_first', 'dates.n_month_first') }} then 'month first'
            when dates.n_day_first > 0 then 'contradictory'
            else 'ambiguous'
        end as date_order,
        amounts.unclear_amount_example,
        -- '12,345' has decimals only where nearly all amounts with a comma have. Where both marks are decimal marks,
        -- as in a workbook with some amounts as text, each amount has its own, if none can be read with both.
        case
            when '{{ run_value("decimal_mark") }}' != ''
                then '{{ run_value("decimal_mark") }}'
            when
                {{ is_rare('amounts.n_points', 'amounts.n_commas') }}
                and {{ is_rare('amounts.n_unclear_commas', 'amounts.n_commas') }}
                then ','
            when
                {{ is_rare('amounts.n_commas', 'amounts.n_points') }}
                and {{ is_rare('amounts.n_unclear_points', 'amounts.n_points') }}
                then '.'
            when
                amounts.n_points > 0
                and amounts.n_commas > 0
                and amounts.n_unclear_points + amounts.n_unclear_commas = 0
                then 'either'
            when amounts.n_points > 0 and amounts.n_commas > 0 then 'contradictory'
            when amounts.n_points + amounts.n_commas + amounts.n_unclear_points = 0 then '.'
            else 'ambiguous'
        end as decimal_mark,
        currency_totals.n_currencies,
        currency_totals.currency_list,
        currency_totals.other_currency_list,
        currency_totals.main_currency,
        currency_totals.n_in_other_currencies,
        currency_totals.n_with_currency,
        -- The currency of all figures, where it is known: a sign in few amounts says nothing of the others.
        case
            when
                {{ reporting_currency != '' }}
                or (
                    {{ matches('currency_totals.main_currency', currency_name()) }}
                    and currency_totals.n_with_currency > 0.5 * currency_totals.n_amounts
                )
                then currency_totals.main_currency
        end as reporting_currency,
        -- A column called Status may hold anything, such as that of a quote: it is the outcome where one of its words
        -- means Won or Lost.
        case
            when outcome_words.n_outcomes_closed > 0 then 'outcome'
            {% for column in ['is_won', 'won_date'] -%}
            when exists (select 1 from columns_there where column_name = '{{ column }}') then '{{ column }}'
            {% endfor -%}
            when outcome_words.n_stages_known > 0 and outcome_words.n_outcomes = outcome_words.n_outcomes_known
                then 'deal_stage'
            when exists (select 1 from columns_there where column_name = 'outcome') then 'outcome'
            else 'deal_stage'
        end as outcome_from
    from dates
    cross join short_dates
    cross join year_first_dates
    cross join half_converted_dates
    cross join amounts
    cross join currency_totals
    cross join outcome_words

)

select * from final
