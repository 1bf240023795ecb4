-- Every combination of an amount, converted or not, and a currency in the export, and how many rows have it.

with

trimmed as (

    select
        {{ trimmed('deal_id') }} as trimmed_id,
        converted_amount,
        deal_amount,
        amount_currency
    from {{ ref('raw_deals') }}
    where read_error is null

),

-- A row without an id is no deal, such as a total.
counted as (

    select
        converted_amount,
        deal_amount,
        amount_currency,
        count(case when {{ null_if_empty('trimmed_id') }} is not null then 1 end) as n_rows
    from trimmed
    group by converted_amount, deal_amount, amount_currency

),

cell_texts as (

    select * from {{ ref('cell_texts') }}

),

final as (

    select
        converted_amount_texts.cell as converted_amount,
        deal_amount_texts.cell as deal_amount,
        amount_currency_texts.cell as amount_currency,
        counted.n_rows
    from counted
    left join cell_texts as converted_amount_texts
        on
            converted_amount_texts.column_name = 'converted_amount'
            and counted.converted_amount = converted_amount_texts.text_id
    left join cell_texts as deal_amount_texts
        on
            deal_amount_texts.column_name = 'deal_amount'
            and counted.deal_amount = deal_amount_texts.text_id
    left join cell_texts as amount_currency_texts
        on
            amount_currency_texts.column_name = 'amount_currency'
            and counted.amount_currency = amount_currency_texts.text_id
    where counted.n_rows > 0

)

select * from final
