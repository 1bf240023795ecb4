-- What the score models are fitted on: per score date, fold, combination of levels, cohort, state and band of days,
-- where the observation of deals ends and begins. Days are counted from a landmark: the creation of a deal and,
-- where states are known, each month end at which it was open. A deal is at risk of closing on each day from the
-- landmark, or from `entry_days` on, to the day on which it closes, or to the score date. Per landmark it is in two
-- rows, whatever its age: it counts as reached and with its days in the band in which its observation ends, and is
-- taken off in the band in which it begins. Python adds up the bands between.

{% set features = creation_features() -%}
{% set keys = features + ['cohort'] -%}

with

deals as (

    select * from {{ ref('score_deals') }}

),

deal_states as (

    select * from {{ ref('deal_states') }}

),

score_dates as (

    select * from {{ ref('score_dates') }}

),

creations as (

    select
        deal_id,
        cast(null as date) as state_date,
        {% for state in var('score_states') -%}
        'at creation' as {{ state }},
        {% endfor -%}
        true as is_creation
    from deals

),

landmarks as (

    select
        deal_id,
        state_date,
        is_creation,
        {{ var('score_states') | join(', ') }}
    from creations
    union all
    select
        deal_id,
        state_date,
        false as is_creation,
        {{ var('score_states') | join(', ') }}
    from deal_states

),

-- Each deal as it was known on each date.
known as (

    select
        score_dates.score_date,
        case when score_dates.is_as_of then deals.score_fold else 0 end as score_fold,
        {% for feature in features -%}
        deals.{{ feature }},
        {% endfor -%}
        {{ cohort('deals.start_date', 'score_dates.score_date') }} as cohort,
        landmarks.is_creation,
        {% for state in var('score_states') -%}
        landmarks.{{ state }},
        {% endfor -%}
        case when landmarks.is_creation then deals.entry_days else 1 end as begin_days,
        not deals.is_open
        and (score_dates.is_as_of or deals.closed_date <= score_dates.score_date) as is_closed,
        deals.is_won,
        deals.age_days,
        {{ days_between('deals.start_date', 'score_dates.score_date') }} as days_since_creation,
        coalesce({{ days_between('deals.start_date', 'landmarks.state_date') }}, 0) as landmark_age_days
    from deals
    inner join landmarks on deals.deal_id = landmarks.deal_id
    inner join score_dates
        on
            (score_dates.is_as_of or (deals.is_dated and deals.start_date <= score_dates.score_date))
            and (landmarks.is_creation or landmarks.state_date < score_dates.score_date)

),

at_risk as (

    select
        *,
        case when is_closed then age_days else days_since_creation end - landmark_age_days as end_days
    from known

),

{% for name, day, sign in [('ends', 'end_days', 1), ('begins', 'begin_days', -1)] -%}
{{ name }} as (

    select
        score_date,
        score_fold,
        {{ keys | join(', ') }},
        is_creation,
        {{ var('score_states') | join(', ') }},
        {{ age_band(day) }} as from_days,
        {{ sign }} as n_reached,
        {% if sign == 1 -%}
        end_days + 1 - {{ age_band(day) }} as n_days,
        case when is_closed then is_won else 0 end as n_won,
        case when is_closed then 1 - is_won else 0 end as n_lost
        {% else -%}
        {{ age_band(day) }} - begin_days as n_days,
        0 as n_won,
        0 as n_lost
        {% endif -%}
    from at_risk
    where end_days >= begin_days

),

{% endfor -%}
unioned as (

    select * from ends
    union all
    select * from begins

),

final as (

    select
        score_date,
        score_fold,
        {{ keys | join(', ') }},
        is_creation,
        {{ var('score_states') | join(', ') }},
        from_days,
        cast(sum(n_reached) as bigint) as n_reached,
        cast(sum(n_days) as bigint) as n_days,
        cast(sum(n_won) as bigint) as n_won,
        cast(sum(n_lost) as bigint) as n_lost
    from unioned
    group by all

)

select * from final
order by all
