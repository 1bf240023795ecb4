-- Counts and total amounts of the closed and the open deals of each level.

with

totals as (

    select
        feature,
        level,
        {{ total_deals() }},
        cast(sum(won_cents) as double) / 100 / nullif(sum(n_won_amounts), 0) as average_won_amount,
        {{ whole_sum('n_open_deals') }} as n_open_deals,
        cast(sum(open_cents) as double) / 100 as open_amount,
        cast(sum(won_cycle_cents) as double) / 100 / nullif(sum(n_won_cycles), 0) as mean_won_cycle_days
    from {{ ref('segment_counts') }}
    group by feature, level

)

select * from totals
