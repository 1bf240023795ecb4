-- Each deal with the score row of its profile: an open deal's at the last landmark it has
-- reached, a closed deal's at creation, by the model that had not seen it.

{% set features = creation_features() -%}

with

deals as (

    select
        *,
        {{ score_fold('deal_id') }} as deal_fold,
        {{ profile_id(features) }} as profile_id
    from {{ ref('deal_features') }}

),

est_scores as (

    select * from {{ ref('est_scores') }}

),

final as (

    select
        deals.deal_id,
        {% for feature in features -%}
        deals.{{ feature }},
        est_scores.contribution_{{ feature }},
        {% endfor -%}
        est_scores.win_probability,
        est_scores.win_probability_low,
        est_scores.win_probability_high,
        est_scores.model_run_id
    from deals
    left join est_scores
        on
            deals.profile_id = est_scores.profile_id
            and case
                when deals.is_open then {{ landmark_reached('deals.deal_age_days') }}
                else {{ var('landmark_days') | min }}
            end = est_scores.landmark_days
            and case when deals.is_open then -1 else deals.deal_fold end = coalesce(est_scores.score_fold, -1)

)

select * from final
