-- Every closed and every open deal is counted exactly once over reps, over lead sources, over the levels
-- of each feature, and over the quarters and levels of each feature.

with

deals as (

    select
        count(is_won) as n_deals,
        count(case when is_open then 1 end) as n_open_deals
    from {{ ref('stg_deals') }}

),

counted as (

    select
        'rep_performance' as counted_in,
        sum(n_deals) as n_deals,
        sum(n_open_deals) as n_open_deals
    from {{ ref('rep_performance') }}

    union all

    select
        'lead_source_value' as counted_in,
        sum(n_deals) as n_deals,
        sum(n_open_deals) as n_open_deals
    from {{ ref('lead_source_value') }}

    union all

    select
        'sales_velocity ' || feature as counted_in,
        sum(n_deals) as n_deals,
        sum(n_open_deals) as n_open_deals
    from {{ ref('sales_velocity') }}
    group by feature

    union all

    select
        'pipeline_mix ' || feature as counted_in,
        sum(n_deals) as n_deals,
        sum(n_open_deals) as n_open_deals
    from {{ ref('pipeline_mix') }}
    group by feature

    union all

    select
        'win_rate_by_segment ' || basis || ' ' || feature as counted_in,
        sum(n_deals) as n_deals,
        null as n_open_deals
    from {{ ref('win_rate_by_segment') }}
    group by basis, feature

)

select counted.*
from counted
cross join deals
where
    coalesce(counted.n_deals, 0) != deals.n_deals  -- a sum over no rows is null
    or counted.n_open_deals != deals.n_open_deals
