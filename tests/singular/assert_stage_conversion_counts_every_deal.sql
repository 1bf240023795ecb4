-- Each deal that entered a stage counts once: in one outcome, in one quarter, and in one level of each feature.

with

rows_of_stages as (

    select
        deal_stage,
        coalesce(feature, case when quarter_start is null then 'all' else 'quarter' end) as grouped_by,
        sum(n_entered) as n_entered,
        sum(n_went_on + n_went_back + n_lost + n_still_there) as n_outcomes
    from {{ ref('stage_conversion') }}
    group by deal_stage, grouped_by

),

stays as (

    select
        deal_stage,
        count(*) as n_deals
    from {{ ref('stg_deal_stages') }}
    where is_first_entry and days_in_stage is not null
    group by deal_stage

)

select
    rows_of_stages.*,
    stays.n_deals
from rows_of_stages
full outer join stays on rows_of_stages.deal_stage = stays.deal_stage
where
    coalesce(rows_of_stages.n_entered, 0) != coalesce(stays.n_deals, 0)
    or rows_of_stages.n_outcomes != rows_of_stages.n_entered
