-- What the closed deals of each rep came to, and the open deals that the rep has.

select
    sales_rep_id,
    count(is_won) as n_deals,
    cast(coalesce(sum(is_won), 0) as bigint) as n_won,
    {{ sum_amount('case when is_won is not null then deal_amount end') }} as closed_amount,
    {{ sum_amount('case when is_won = 1 then deal_amount end') }} as won_amount,
    {{ mean_of('case when is_won = 1 then deal_amount end') }} as average_won_amount,
    count(case when is_open then 1 end) as n_open_deals,
    {{ sum_amount('case when is_open then deal_amount end') }} as open_amount
from {{ ref('stg_deals') }}
group by sales_rep_id
order by sales_rep_id
