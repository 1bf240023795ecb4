-- Each deal with the score of its profile: an open deal's at the last landmark it reached, a closed deal's
-- at creation, by the model that was not fitted on its fold, and one born closed at none. A view: scored_deals is the
-- table.

{% set features = creation_features() -%}

with

deals as (

    select
        *,
        case
            when is_open then {{ landmark_reached('deal_age_days') }}
            when not is_born_closed then {{ var('landmark_days') | min }}
        end as landmark_days,
        case when is_open then -1 else {{ score_fold('deal_id') }} end as fold
    from {{ ref('deal_features') }}

),

profile_scores as (

    select * from {{ ref('profile_scores') }}

),

final as (

    select
        deals.deal_id,
        case
            when deals.is_open then 'open'
            when deals.is_won = 1 then 'won'
            else 'lost'
        end as status,
        {% for column in display_names() -%}
        deals.{{ column }}_text as {{ column }},
        {% endfor -%}
        cast(deals.stage_name as {{ dbt.type_string() }}) as deal_stage,
        deals.known_age_days as deal_age_days,
        deals.amount as deal_amount,
        profile_scores.score_id,
        profile_scores.win_probability,
        profile_scores.win_probability_low,
        profile_scores.win_probability_high,
        profile_scores.model_run_id
    from deals
    left join profile_scores
        on
            deals.landmark_days = profile_scores.landmark_days
            and deals.fold = profile_scores.fold
            {%- for feature in features %}
            and deals.{{ feature }} = profile_scores.{{ feature }}
            {%- endfor %}

)

select * from final
