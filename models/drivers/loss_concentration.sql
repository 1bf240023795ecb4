-- Each segment's share of the lost amount, beside its share of the closed amount.

with

-- Sums of decimals do not depend on the order of rows.
levels as (

    select
        feature,
        level,
        n_deals - n_won as n_lost,
        cast(closed_amount - won_amount as decimal(28, 2)) as lost_amount,
        cast(closed_amount as decimal(28, 2)) as closed_amount
    from {{ ref('level_totals') }}
    where n_deals > 0

),

ranked as (

    select
        *,
        cast(row_number() over (partition by feature order by lost_amount desc, level asc) as bigint) as rank,
        cast(sum(lost_amount) over (partition by feature) as double) as all_lost_amount,
        cast(sum(closed_amount) over (partition by feature) as double) as all_closed_amount
    from levels

),

shares as (

    select
        feature,
        level,
        n_lost,
        cast(lost_amount as double) as lost_amount,
        cast(lost_amount as double) / nullif(all_lost_amount, 0) as share_of_lost_amount,
        cast(closed_amount as double) / nullif(all_closed_amount, 0) as share_of_closed_amount,
        rank,
        cast(sum(lost_amount) over (partition by feature order by rank) as double) / nullif(all_lost_amount, 0)
            as cumulative_share
    from ranked

),

final as (

    select
        feature,
        level,
        n_lost,
        lost_amount,
        share_of_lost_amount,
        share_of_closed_amount,
        share_of_lost_amount / nullif(share_of_closed_amount, 0) as concentration,
        rank,
        cumulative_share
    from shares

)

select * from final
order by feature, rank
