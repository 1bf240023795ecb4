-- Every deal has a row in scored_deals, and every row in scored_deals is a deal.

select
    deals.deal_id,
    scored_deals.deal_id as scored_deal_id
from {{ ref('stg_deals') }} as deals
full outer join {{ ref('scored_deals') }} as scored_deals on deals.deal_id = scored_deals.deal_id
where deals.deal_id is null or scored_deals.deal_id is null
