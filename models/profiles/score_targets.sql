-- What is scored: one row per score date, model, combination of levels, cohort, age and state that a deal has. On
-- the as-of date an open deal has two: at its age and at creation, by the model of all deals (`fold` -1); a closed
-- deal has one, at creation, by the model that was not fitted on its fold. On an earlier date, the deals then open
-- have one, at the age that they had, by the model of what was known then. `clock_days` is the age on the first day
-- on which the deal may close: the day after the score date, or that of its creation.

{% set features = creation_features() -%}
{% set keys = features + ['cohort'] -%}

with

as_of_dates as (

    select * from {{ ref('as_of_dates') }}

),

deals as (

    select
        deal_features.*,
        as_of_dates.as_of_date,
        {{ assumed_created_date('deal_features', 'as_of_dates.as_of_date') }} as start_date
    from {{ ref('deal_features') }} as deal_features
    cross join as_of_dates
    where not deal_features.is_born_closed

),

now as (

    select
        as_of_date as score_date,
        case when is_open then -1 else {{ score_fold('deals.deal_id') }} end as fold,
        {{ as_text(features) -}}
        {{ cohort('start_date', 'as_of_date') }} as cohort,
        coalesce(deal_age_days, 0) as age_days,
        {{ states('deal_states') }},
        is_open,
        count(*) as n_deals
    from deals
    left join {{ ref('deal_states') }} as deal_states
        on deals.deal_id = deal_states.deal_id and deals.as_of_date = deal_states.state_date
    group by all

),

at_creation as (

    select
        score_date,
        fold,
        {{ keys | join(', ') }},
        cast(0 as bigint) as age_days,
        cast(0 as bigint) as clock_days,
        {% for state in var('score_states') -%}
        'at creation' as {{ state }},
        {% endfor -%}
        case when is_open then 0 else n_deals end as n_closed_deals
    from now

),

at_their_age as (

    select
        score_date,
        fold,
        {{ keys | join(', ') }},
        age_days,
        age_days + 1 as clock_days,
        {{ var('score_states') | join(', ') }},
        0 as n_closed_deals
    from now
    where is_open

),

then_open as (

    select
        score_date,
        -1 as fold,
        {{ keys | join(', ') }},
        age_days,
        age_days + 1 as clock_days,
        {{ var('score_states') | join(', ') }},
        0 as n_closed_deals
    from {{ ref('deals_then_open') }}

),

unioned as (

    select * from at_creation
    union all
    select * from at_their_age
    union all
    select * from then_open

),

grouped as (

    select
        score_date,
        fold,
        {{ keys | join(', ') }},
        age_days,
        clock_days,
        {{ var('score_states') | join(', ') }},
        cast(sum(n_closed_deals) as bigint) as n_closed_deals
    from unioned
    group by all

),

final as (

    select
        cast(row_number() over (
            order by
                score_date desc,
                fold asc,
                age_days asc,
                clock_days asc,
                {% for column in features + var('score_states') -%}
                {{ column }} asc,
                {% endfor -%}
                cohort asc
        ) as bigint) as score_id,
        score_date,
        cast(fold as bigint) as fold,
        {{ keys | join(', ') }},
        age_days,
        cast(clock_days as bigint) as clock_days,
        {{ var('score_states') | join(', ') }},
        n_closed_deals
    from grouped

)

select * from final
order by score_id
