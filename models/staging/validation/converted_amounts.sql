-- The rows whose amount is in another currency than the reporting currency and has a rate, with the amount converted:
-- at the rate in force on the close date of a closed deal, and on the as-of date of every other. Before the first rate
-- of its currency that rate is used.

with

rates as (

    select * from {{ ref('raw_rates') }}

),

foreign_rows as (

    select
        typed_rows.source_line,
        typed_rows.deal_amount,
        typed_rows.foreign_currency,
        case
            when not typed_rows.is_open and typed_rows.close_date between date '1970-01-01' and as_of_dates.as_of_date
                then typed_rows.close_date
            else as_of_dates.as_of_date
        end as rate_date
    from {{ ref('typed_rows') }} as typed_rows
    cross join {{ ref('as_of_dates') }} as as_of_dates
    where typed_rows.foreign_currency is not null

),

currency_days as (

    select distinct
        foreign_currency,
        rate_date
    from foreign_rows

),

-- Each currency and day once, however many rows have it.
rates_of_days as (

    select
        currency_days.foreign_currency,
        currency_days.rate_date,
        max_by(rates.rate, rates.from_date) filter (where rates.from_date <= currency_days.rate_date) as rate_in_force,
        min_by(rates.rate, rates.from_date) as first_rate
    from currency_days
    inner join rates on currency_days.foreign_currency = rates.currency
    group by currency_days.foreign_currency, currency_days.rate_date

),

-- The product of two decimals; an amount that no decimal holds is implausible in every currency.
final as (

    select
        foreign_rows.source_line,
        foreign_rows.foreign_currency,
        foreign_rows.rate_date,
        rates_of_days.rate_in_force is null as is_before_first_rate,
        case
            when abs(foreign_rows.deal_amount) < 1e15
                then
                    cast(cast(
                        cast(foreign_rows.deal_amount as decimal(19, 4))
                        * coalesce(rates_of_days.rate_in_force, rates_of_days.first_rate) as decimal(28, 2)
                    ) as double)
            else foreign_rows.deal_amount
        end as deal_amount
    from foreign_rows
    inner join rates_of_days
        on
            foreign_rows.foreign_currency = rates_of_days.foreign_currency
            and foreign_rows.rate_date = rates_of_days.rate_date

)

select * from final
