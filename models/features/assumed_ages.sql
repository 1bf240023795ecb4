-- The age at which a deal is taken to have closed, where its dates do not say it: one row per such deal. It is the
-- age of another deal with the same outcome, drawn by the id (hot deck imputation; Andridge and Little 2010). Without
-- it, deals that lack a close date, most of them lost, would be missing among those that were open for long. Only
-- the models of drivers and scores use it.

with

closed_deals as (

    select * from {{ ref('stg_deals') }} where not is_open

),

counted as (

    select
        is_won,
        deal_age_days,
        count(*) as n_deals
    from closed_deals
    where deal_age_days is not null
    group by is_won, deal_age_days

),

ages as (

    select
        is_won,
        deal_age_days,
        n_deals,
        sum(n_deals) over (partition by is_won order by deal_age_days rows unbounded preceding) as n_up_to,
        sum(n_deals) over (partition by is_won) as n_of_outcome
    from counted

),

drawn as (

    select
        deal_id,
        is_won,
        {{ hex_to_number("left(md5('age|' || deal_id), 7)") }} / 268435456.0 as share  -- 16 to the power of 7
    from closed_deals
    where deal_age_days is null

),

final as (

    select
        drawn.deal_id,
        ages.deal_age_days as assumed_age_days
    from drawn
    inner join ages
        on
            drawn.is_won = ages.is_won
            and drawn.share * ages.n_of_outcome >= ages.n_up_to - ages.n_deals
            and drawn.share * ages.n_of_outcome < ages.n_up_to

)

select * from final
