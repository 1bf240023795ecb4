-- Counts and total amounts of the closed deals of each level by quarter, by close date and by creation
-- date. `quarter` is the key that Python gets, the name of the quarter.

with

months as (

    select
        *,
        cast(date_trunc('quarter', month_start) as date) as period_start
    from {{ ref('segment_months') }}

),

totals as (

    select
        basis,
        period_start,
        feature,
        level,
        {{ total_deals() }}
    from months
    group by basis, period_start, feature, level

),

final as (

    select
        basis,
        {{ quarter_name('period_start') }} as quarter,
        period_start,
        feature,
        level,
        n_deals,
        n_won,
        closed_amount,
        won_amount
    from totals

)

select * from final
order by basis, period_start, feature, level
