-- Each deal with the score of its profile: an open deal's at the last landmark it reached, a closed deal's
-- at creation, by the model that was not fitted on its fold.

{% set features = creation_features() -%}

with

deals as (

    select
        *,
        {{ profile_id(features) }} as profile_id,
        case
            when is_open then {{ landmark_reached('deal_age_days') }}
            else {{ var('landmark_days') | min }}
        end as landmark_days,
        case when is_open then -1 else {{ score_fold('deal_id') }} end as fold
    from {{ ref('deal_features') }}

),

est_scores as (

    select
        *,
        coalesce(score_fold, -1) as fold
    from {{ ref('est_scores') }}

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
            and deals.landmark_days = est_scores.landmark_days
            and deals.fold = est_scores.fold

)

select * from final
