-- Closed and won deals in each comparison window.

with

windows as (

    select * from {{ ref('comparison_windows') }}

),

closed_deals as (

    select * from {{ ref('deal_features') }} where not is_open

),

dated as (

    select
        windows.*,
        case windows.basis when 'closed' then deals.closed_date else deals.created_date end as deal_date,
        deals.is_won
    from windows
    cross join closed_deals as deals

),

final as (

    select
        comparison,
        basis,
        before_start,
        before_end,
        after_start,
        after_end,
        count(case when deal_date between before_start and before_end then 1 end) as n_before,
        count(case when deal_date between before_start and before_end and is_won = 1 then 1 end) as n_won_before,
        count(case when deal_date between after_start and after_end then 1 end) as n_after,
        count(case when deal_date between after_start and after_end and is_won = 1 then 1 end) as n_won_after
    from dated
    group by all

)

select * from final
order by comparison, basis
