-- The deals that were open on earlier score dates, with the target that they are.

with

then_open as (

    select * from {{ ref('deals_then_open') }}

),

score_targets as (

    select * from {{ ref('score_targets') }}

),

final as (

    select
        score_targets.score_id,
        then_open.score_date,
        then_open.start_date,
        then_open.days_until_close,
        then_open.is_won,
        then_open.amount
    from then_open
    inner join score_targets
        on
            then_open.score_date = score_targets.score_date
            and then_open.cohort = score_targets.cohort
            and then_open.age_days = score_targets.age_days
            {%- for column in creation_features() + var('score_states') %}
            and then_open.{{ column }} = score_targets.{{ column }}
            {%- endfor %}

)

select * from final
