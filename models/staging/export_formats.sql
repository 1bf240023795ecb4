-- How the export writes dates and amounts, and where it says what became of a deal, in one row.
-- One cell may be read in two ways; the whole file mostly in one.

with

export as (

    select * from {{ ref('raw_deals') }} where read_error is null

),

columns_there as (

    select column_name from {{ ref('raw_columns') }} where title is not null

),

date_cells as (

    {% for column in date_columns() -%}
    select trim({{ column }}) as cell, {{ day_text('trim(' ~ column ~ ')') }} as day from export
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

amount_cells as (

    select
        coalesce({{ text('converted_amount') }}, {{ text('deal_amount') }}) as cell,
        case when {{ text('converted_amount') }} is null then upper({{ text('amount_currency') }}) end as stated_currency
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
        min(case when mark = '?' then cell end) as unclear_amount_example
    from marks

),

currencies as (

    select
        coalesce(stated_currency, {{ currency_of('cell') }}) as currency,
        count(*) as n_deals
    from amount_cells
    where regexp_matches(cell, '\d')
    group by all

),

currency_totals as (

    select
        count(currency) as n_currencies,
        arg_max(currency, (n_deals, currency)) filter (where currency is not null) as main_currency,
        coalesce(sum(n_deals) filter (where currency is not null), 0) as n_with_currency,
        coalesce(max(n_deals) filter (where currency is not null), 0) as n_in_main_currency,
        string_agg(currency || ' (' || {{ as_count('n_deals') }} || ')', ', ' order by n_deals desc, currency)
            as currency_list
    from currencies

),

final as (

    select
        dates.n_slash_dates,
        dates.slash_date_example,
        case
            when lower('{{ var("date_format") }}') = 'dd/mm/yyyy' then 'day first'
            when lower('{{ var("date_format") }}') = 'mm/dd/yyyy' then 'month first'
            when dates.n_slash_dates = 0 then 'none to tell'
            when dates.n_day_first > 0 and dates.n_month_first > 0 then 'contradictory'
            when dates.n_day_first > 0 then 'day first'
            when dates.n_month_first > 0 then 'month first'
            else 'ambiguous'
        end as date_order,
        amounts.unclear_amount_example,
        case
            when '{{ var("decimal_mark") }}' != '' then '{{ var("decimal_mark") }}'
            when amounts.n_points > 0 and amounts.n_commas > 0 then 'contradictory'
            when amounts.n_commas > 0 then ','
            when amounts.n_points > 0 or amounts.unclear_amount_example is null then '.'
            else 'ambiguous'
        end as decimal_mark,
        currency_totals.n_currencies,
        currency_totals.currency_list,
        currency_totals.main_currency,
        currency_totals.n_with_currency - currency_totals.n_in_main_currency as n_in_other_currencies,
        currency_totals.n_with_currency,
        case
            {% for column in ['outcome', 'is_won', 'won_date'] -%}
            when exists (select 1 from columns_there where column_name = '{{ column }}') then '{{ column }}'
            {% endfor -%}
            else 'deal_stage'
        end as outcome_from
    from dates
    cross join amounts
    cross join currency_totals

)

select * from final
