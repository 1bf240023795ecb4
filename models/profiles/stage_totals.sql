-- Closed deals by the last stage they reached, and how many of them were lost there.

select
    deal_stage,
    count(is_won) as n_deals,
    count(case when is_won = 0 then 1 end) as n_hits,
    {{ sum_amount('case when is_won = 0 then deal_amount end') }} as lost_amount,
    count(case when is_open then 1 end) as n_open_deals,
    {{ sum_amount('case when is_open then deal_amount end') }} as open_amount
from {{ ref('stg_deals') }}
group by deal_stage
order by deal_stage
