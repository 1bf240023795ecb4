-- The deals that were open on earlier score dates, with the scores that they would have had and what became of them:
-- one row per score, day of creation and outcome.

with

score_outcomes as (

    select * from {{ ref('score_outcomes') }}

),

score_targets as (

    select * from {{ ref('score_targets') }}

),

est_scores as (

    select * from {{ ref('est_scores') }}

),

final as (

    select
        score_targets.score_id,
        score_targets.score_date,
        {% for feature in creation_features() -%}
        score_targets.{{ feature }},
        {% endfor -%}
        score_targets.age_days as deal_age_days,
        score_outcomes.start_date,
        score_outcomes.days_until_close,
        score_outcomes.is_won,
        score_outcomes.n_deals,
        est_scores.win_probability,
        est_scores.followed_probability,
        est_scores.followed_baseline
    from score_outcomes
    inner join score_targets on score_outcomes.score_id = score_targets.score_id
    inner join est_scores on score_outcomes.score_id = est_scores.score_id

)

select * from final
order by all
