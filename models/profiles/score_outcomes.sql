-- What became of the deals that were open on earlier score dates: one row per target and outcome, by the days until the
-- deal closed; null where it is still open.

{% set features = creation_features() -%}

with

score_targets as (

    select * from {{ ref('score_targets') }}

),

then_open as (

    select * from {{ ref('deals_then_open') }}

),

final as (

    select
        score_targets.score_id,
        then_open.start_date,
        cast(then_open.days_until_close as bigint) as days_until_close,
        cast(then_open.is_won as bigint) as is_won,
        count(*) as n_deals
    from then_open
    inner join score_targets
        on
            then_open.score_date = score_targets.score_date
            and then_open.cohort = score_targets.cohort
            and then_open.age_days = score_targets.age_days
            {%- for state in var('score_states') %}
            and then_open.{{ state }} = score_targets.{{ state }}
            {%- endfor %}
            {%- for feature in features %}
            and then_open.{{ feature }} = score_targets.{{ feature }}
            {%- endfor %}
    group by all

)

select * from final
order by all
