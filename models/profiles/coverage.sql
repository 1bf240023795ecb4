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
    where deal_age_days is not null
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
        min(created_date) as first_created_date,
        min(closed_date) as first_closed_date
    from deals

),

final as (

    select
        {{ first_complete_date('dates.first_created_date') }} as first_complete_date,
        cast(case when dates.first_closed_date is not null then maturity.maturity_days end as integer) as maturity_days,
        -- By close date, slow deals must have had the time to close, and the first close must not be later.
        greatest(
            {{ add_days(first_complete_date('dates.first_created_date'), 'coalesce(maturity.maturity_days, 0)') }},
            {{ first_complete_date('dates.first_closed_date') }}
        ) as first_complete_closed_date,
        -- An export of the deals that closed since some day has only the slow ones of those created before it.
        case
            when {{ days_between('dates.first_created_date', 'dates.first_closed_date') }} > maturity.maturity_days
                then dates.first_closed_date
            else {{ first_complete_date('dates.first_created_date') }}
        end as first_complete_created_date
    from dates
    left join maturity on true

)

select * from final
