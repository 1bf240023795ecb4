-- The reasons of the profile of each deal.

with

scored_deals as (

    select
        deal_id,
        score_id
    from {{ ref('scored_deals') }}

),

profile_reasons as (

    select * from {{ ref('profile_reasons') }}

),

final as (

    select
        scored_deals.deal_id,
        profile_reasons.feature,
        profile_reasons.level,
        profile_reasons.contribution_pp,
        profile_reasons.direction,
        profile_reasons.rank,
        profile_reasons.is_borne_out
    from scored_deals
    inner join profile_reasons on scored_deals.score_id = profile_reasons.score_id

)

select * from final
