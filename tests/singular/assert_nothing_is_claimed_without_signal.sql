-- If the features do not discriminate between won and lost deals, no level known at creation is a driver, no deal
-- has a grade or a reason, and no alert is based on a deal's win probability.

with

verdict as (

    select verdict from {{ ref('model_verdict') }}

),

claims as (

    select
        'driver' as claim,
        feature || '=' || level as about
    from {{ ref('win_rate_drivers') }}
    where evidence in ('helps', 'hurts') and known_at = 'creation'

    union all

    select
        'grade or reason' as claim,
        deal_id as about
    from {{ ref('scored_deals') }}
    where grade is not null or top_reason_1 is not null

    union all

    select
        'alert' as claim,
        entity_id as about
    from {{ ref('alerts') }}
    where condition in ('deal_at_risk', 'deal_opportunity', 'score_drop')

)

select claims.*
from claims
cross join verdict
where verdict.verdict != 'signal'
