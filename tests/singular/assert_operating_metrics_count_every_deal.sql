-- Every closed and every open deal is counted exactly once over reps, over lead sources, over the levels
-- of each feature, and over the quarters and levels of each feature; by a date, every deal that has it. A table
-- of reps or lead sources has no row where no deal has one.

with

deals as (

    select
        count(is_won) as n_deals,
        count(case when is_open then 1 end) as n_open_deals,
        count(case when closed_date is not null then is_won end) as n_by_closed_date,
        count(case when created_date is not null then is_won end) as n_by_created_date,
        count(nullif(sales_rep_id, 'Unknown')) as n_with_rep,
        count(distinct lead_source) as n_lead_sources
    from {{ ref('stg_deals') }}

),

counted as (

    select
        'rep_performance' as counted_in,
        cast(null as string) as basis,
        sum(n_deals) as n_deals,
        sum(n_open_deals) as n_open_deals
    from {{ ref('rep_performance') }}

    union all

    select
        'lead_source_value' as counted_in,
        cast(null as string) as basis,
        sum(n_deals) as n_deals,
        sum(n_open_deals) as n_open_deals
    from {{ ref('lead_source_value') }}

    union all

    select
        'sales_velocity ' || feature as counted_in,
        cast(null as string) as basis,
        sum(n_deals) as n_deals,
        sum(n_open_deals) as n_open_deals
    from {{ ref('sales_velocity') }}
    group by feature

    union all

    select
        'pipeline_mix ' || feature as counted_in,
        cast(null as string) as basis,
        sum(n_deals) as n_deals,
        sum(n_open_deals) as n_open_deals
    from {{ ref('pipeline_mix') }}
    group by feature

    union all

    select
        'win_rate_by_segment ' || basis || ' ' || feature as counted_in,
        basis,
        sum(n_deals) as n_deals,
        null as n_open_deals
    from {{ ref('win_rate_by_segment') }}
    group by basis, feature

)

select counted.*
from counted
cross join deals
where
    -- A sum over no rows is null.
    coalesce(counted.n_deals, 0) != case
        when counted.basis = 'closed' then deals.n_by_closed_date
        when counted.basis = 'created' then deals.n_by_created_date
        when counted.counted_in = 'rep_performance' and deals.n_with_rep = 0 then 0
        when counted.counted_in = 'lead_source_value' and deals.n_lead_sources < 2 then 0
        else deals.n_deals
    end
    or counted.n_open_deals != deals.n_open_deals
