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
        after_end
        {%- for window in ['before', 'after'] -%}
        {%- set is_within = 'deal_date between ' ~ window ~ '_start and ' ~ window ~ '_end' %},
        count(case when {{ is_within }} then 1 end) as n_{{ window }},
        count(case when {{ is_within }} and is_won = 1 then 1 end) as n_won_{{ window }},
        {{ sum_amount('case when ' ~ is_within ~ ' then deal_amount end') }} as closed_amount_{{ window }},
        {{ sum_amount('case when ' ~ is_within ~ ' and is_won = 1 then deal_amount end') }} as won_amount_{{ window }}
        {%- endfor %}
    from dated
    group by all

)

select * from final
order by comparison, basis
