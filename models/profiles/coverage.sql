-- What time the data cover. Deals that close late are missing at both ends: an export of the deals created
-- since some day has, at first, only the fast ones, and at the end many deals are open still.
--
-- `maturity_days` is the age at which 95% of the deals that ever close have closed, by the Kaplan-Meier estimate
-- (1958): an open deal counts up to its age. Deals that nobody ever closes do not count.

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

never_closed as (

    select min(share_open) as share from survival

),

maturity as (

    select min(deal_age_days) as maturity_days
    from survival
    cross join never_closed
    where 1 - share_open >= 0.95 * (1 - never_closed.share)

),

dates as (

    select
        {{ first_complete_date('min(created_date)') }} as first_complete_date,
        count(case when not is_open then 1 end) as n_closed
    from deals

),

final as (

    select
        dates.first_complete_date,
        cast(case when dates.n_closed > 0 then maturity.maturity_days end as integer) as maturity_days
    from dates
    cross join maturity

)

select * from final
