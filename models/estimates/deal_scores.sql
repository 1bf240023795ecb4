-- Each deal with its scores: an open deal's at its age and at creation, by the model of all deals; a closed deal's at
-- creation, by the model that was not fitted on its fold; one born closed has none. A view: scored_deals is the table.

{% set features = creation_features() -%}

with

as_of_dates as (

    select * from {{ ref('as_of_dates') }}

),

deals as (

    select
        deal_features.*,
        {{ cohort(assumed_created_date('deal_features', 'as_of_dates.as_of_date'), 'as_of_dates.as_of_date') }}
            as cohort,
        case
            when deal_features.is_open then coalesce(deal_features.deal_age_days, 0)
            when not deal_features.is_born_closed then 0
        end as scored_age_days,
        case when deal_features.is_open then -1 else {{ score_fold('deal_features.deal_id') }} end as fold,
        case
            when deal_features.is_open then coalesce(deal_features.deal_age_days, 0) + 1
            when not deal_features.is_born_closed then 0
        end as clock_days,
        case when not deal_features.is_born_closed then 0 end as clock_days_at_creation,
        {{ states('deal_states') }}
    from {{ ref('deal_features') }} as deal_features
    cross join as_of_dates
    left join {{ ref('deal_states') }} as deal_states
        on
            deal_features.is_open
            and deal_features.deal_id = deal_states.deal_id
            and as_of_dates.as_of_date = deal_states.state_date

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
        profile_scores.baseline_probability,
        {% for horizon in ['this_quarter', 'next_quarter', '90_days'] -%}
        case when deals.is_open then profile_scores.win_probability_{{ horizon }} end
            as win_probability_{{ horizon }},
        {% endfor -%}
        at_creation.win_probability as qualification_probability,
        {{ age_band('deals.scored_age_days') }} as age_from_days,
        profile_scores.model_run_id
    from deals
    {% for name in ['profile_scores', 'at_creation'] -%}
    left join profile_scores{{ ' as at_creation' if name != 'profile_scores' }}
        on
            {% if name == 'at_creation' -%}
            deals.clock_days_at_creation = at_creation.clock_days
            {%- else -%}
            deals.scored_age_days = profile_scores.age_days
            and deals.clock_days = profile_scores.clock_days
            {%- for state in var('score_states') %}
            and deals.{{ state }} = profile_scores.{{ state }}
            {%- endfor %}
            {%- endif %}
            and deals.fold = {{ name }}.fold
            and deals.cohort = {{ name }}.cohort
            {%- for feature in features %}
            and deals.{{ feature }} = {{ name }}.{{ feature }}
            {%- endfor %}
    {% endfor %}

)

select * from final
