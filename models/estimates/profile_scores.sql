-- The score of each profile by each model, with its levels and the closed deals that it is counted for.

{% set features = creation_features() -%}

with

est_scores as (

    select * from {{ ref('est_scores') }}

),

score_profiles as (

    select * from {{ ref('score_profiles') }}

),

profiles as (

    select distinct
        {% for feature in features -%}
        {{ feature }},
        {% endfor -%}
        profile_id
    from score_profiles

),

final as (

    select
        cast(row_number() over (
            order by est_scores.landmark_days asc, est_scores.score_fold asc nulls first, est_scores.profile_id asc
        ) as bigint) as score_id,
        est_scores.landmark_days,
        coalesce(est_scores.score_fold, -1) as fold,
        coalesce(score_profiles.n_deals, 0) as n_closed_deals,
        {% for feature in features -%}
        profiles.{{ feature }},
        est_scores.contribution_{{ feature }},
        {% endfor -%}
        est_scores.win_probability,
        est_scores.win_probability_low,
        est_scores.win_probability_high,
        est_scores.model_run_id
    from est_scores
    inner join profiles on est_scores.profile_id = profiles.profile_id
    left join score_profiles
        on
            est_scores.profile_id = score_profiles.profile_id
            and est_scores.landmark_days = score_profiles.landmark_days
            and est_scores.score_fold = score_profiles.score_fold

)

select * from final
