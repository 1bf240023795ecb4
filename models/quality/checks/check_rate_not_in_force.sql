-- Deals whose amount was converted at the first rate of its currency, which was not in force yet.

with

first_rates as (

    select
        currency,
        min(from_date) as first_date
    from {{ ref('raw_rates') }}
    group by currency

),

early as (

    select
        converted_amounts.foreign_currency as currency,
        min(converted_amounts.rate_date) as first_date,
        count(*) as n_deals
    from {{ ref('converted_amounts') }} as converted_amounts
    inner join {{ ref('stg_deals') }} as deals on converted_amounts.source_line = deals.source_line
    where converted_amounts.is_before_first_rate and deals.deal_amount is not null
    group by converted_amounts.foreign_currency

),

found as (

    select
        early.n_deals,
        'The amounts of ' || {{ as_deals('early.n_deals') }} || ' in ' || early.currency
        || ' are converted at the first rate of rates.csv, which is from ' || first_rates.first_date
        || '. Add a line for ' || early.currency || ' that holds from ' || early.first_date || ' on.' as message
    from early
    inner join first_rates on early.currency = first_rates.currency

)

{{ check_shape('found') }}
