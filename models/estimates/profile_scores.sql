-- The scores of the as-of date: one row per model, combination of levels, cohort and age, with the closed deals
-- that have this score.

{% set features = creation_features() -%}
{% set probabilities = ['win_probability', 'win_probability_low', 'win_probability_high', 'baseline_probability',
    'win_probability_this_quarter', 'win_probability_next_quarter', 'win_probability_90_days'] -%}

with

est_scores as (

    select * from {{ ref('est_scores') }}

),

score_targets as (

    select * from {{ ref('score_targets') }}

),

as_of_dates as (

    select * from {{ ref('as_of_dates') }}

),

final as (

    select
        score_targets.score_id,
        score_targets.fold,
        {% for feature in features -%}
        score_targets.{{ feature }},
        est_scores.contribution_{{ feature }},
        {% endfor -%}
        {% for state in var('score_states') -%}
        score_targets.{{ state }},
        {% endfor -%}
        {% for state in explained_states() -%}
        est_scores.contribution_{{ state }},
        {% endfor -%}
        score_targets.cohort,
        score_targets.age_days,
        score_targets.clock_days,
        score_targets.n_closed_deals,
        {% for column in probabilities -%}
        est_scores.{{ column }},
        {% endfor -%}
        est_scores.model_run_id
    from score_targets
    inner join as_of_dates on score_targets.score_date = as_of_dates.as_of_date
    inner join est_scores on score_targets.score_id = est_scores.score_id

)

select * from final
