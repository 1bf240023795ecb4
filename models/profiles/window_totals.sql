-- Closed and won deals in each comparison window, and what they were worth.

with

windows as (

    select * from {{ ref('comparison_windows') }}

),

closed_deals as (

    select * from {{ ref('stg_deals') }} where not is_open

),

dated as (

    select
        windows.*,
        case windows.basis when 'closed' then deals.closed_date else deals.created_date end as deal_date,
        deals.is_won,
        deals.deal_amount
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
        {{ window_sums('before', 'deal_date between before_start and before_end', 'deal_amount') }},
        {{ window_sums('after', 'deal_date between after_start and after_end', 'deal_amount') }}
    from dated
    group by all

)

select * from final
order by comparison, basis
