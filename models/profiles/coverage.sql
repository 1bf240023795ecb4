-- What time the data cover. Deals that close late are missing at both ends: an export of the deals created
-- since some day has, at first, only the fast ones, and at the end many deals are open still.
--
-- `maturity_days` is the age at which 95% of deals have closed, by the Kaplan-Meier estimate (1958): an open
-- deal counts up to its age.

with

deals as (

    select * from {{ ref('stg_deals') }}

),

ages as (

    select
        deal_age_days,
        count(*) as n_deals,
        count(case when not is_open then 1 end) as n_closed
    from deals
    group by deal_age_days

),

at_risk as (

    select
        deal_age_days,
        n_closed,
        sum(n_deals) over (order by deal_age_days desc rows unbounded preceding) as n_at_risk
    from ages

),

survival as (

    select
        deal_age_days,
        -- Below the smallest share that counts, so that the last deal to close has a logarithm.
        exp(sum(ln(greatest(1 - cast(n_closed as double) / nullif(n_at_risk, 0), 1e-9))) over (
            order by deal_age_days asc rows unbounded preceding
        )) as share_open
    from at_risk

),

maturity as (

    select min(deal_age_days) as maturity_days from survival where share_open <= 0.05

),

dates as (

    select
        {{ first_complete_date('min(created_date)') }} as first_complete_date,
        max(case when not is_open then deal_age_days end) as max_closed_age_days
    from deals

),

final as (

    select
        dates.first_complete_date,
        -- Where fewer than 95% have closed at any age: the highest age at which a deal did.
        cast(coalesce(maturity.maturity_days, dates.max_closed_age_days) as integer) as maturity_days
    from dates
    cross join maturity

)

select * from final
