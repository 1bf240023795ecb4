-- What the score models are fitted on: per score date, fold, combination of levels, cohort and band of age, where the
-- observation of deals ends and begins. A deal is at risk of closing on each day from `entry_days` on to the day on
-- which it closes, or to the score date. Each deal is in two rows at most, whatever its age: it counts as reached and with
-- its days in the band in which its observation ends, and is taken off in the band in which it begins. Python adds up
-- the bands between.

{% set features = creation_features() -%}

with

deals as (

    select * from {{ ref('score_deals') }}

),

score_dates as (

    select * from {{ ref('score_dates') }}

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
        deals.entry_days,
        not deals.is_open
        and (score_dates.is_as_of or deals.closed_date <= score_dates.score_date) as is_closed,
        deals.is_won,
        deals.age_days,
        {{ days_between('deals.start_date', 'score_dates.score_date') }} as days_since_creation
    from deals
    inner join score_dates
        on
            score_dates.is_as_of
            or (deals.is_dated and deals.start_date <= score_dates.score_date)

),

at_risk as (

    select
        *,
        case when is_closed then age_days else days_since_creation end as end_days
    from known

),

ends as (

    select
        score_date,
        score_fold,
        {% for feature in features -%}
        {{ feature }},
        {% endfor -%}
        cohort,
        {{ age_band('end_days') }} as age_from_days,
        1 as n_reached,
        end_days - {{ age_band('end_days') }} + case when is_closed then 1 else 0 end as n_days,
        case when is_closed then is_won else 0 end as n_won,
        case when is_closed then 1 - is_won else 0 end as n_lost
    from at_risk
    where end_days >= entry_days

),

begins as (

    select
        score_date,
        score_fold,
        {% for feature in features -%}
        {{ feature }},
        {% endfor -%}
        cohort,
        {{ age_band('entry_days') }} as age_from_days,
        -1 as n_reached,
        {{ age_band('entry_days') }} - entry_days as n_days,
        0 as n_won,
        0 as n_lost
    from at_risk
    where end_days >= entry_days and entry_days > 0

),

unioned as (

    select * from ends
    union all
    select * from begins

),

final as (

    select
        score_date,
        score_fold,
        {% for feature in features -%}
        {{ feature }},
        {% endfor -%}
        cohort,
        age_from_days,
        cast(sum(n_reached) as bigint) as n_reached,
        cast(sum(n_days) as bigint) as n_days,
        cast(sum(n_won) as bigint) as n_won,
        cast(sum(n_lost) as bigint) as n_lost
    from unioned
    group by all

)

select * from final
order by all
