-- What the closed deals of each rep came to, and the open deals that the rep has.

select
    sales_rep_id,
    {{ deal_totals() }}
from {{ ref('stg_deals') }}
group by sales_rep_id
order by sales_rep_id
