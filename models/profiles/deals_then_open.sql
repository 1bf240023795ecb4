-- The deals that were open on earlier score dates, with the days until they closed, null where they are still open.

{% set features = creation_features() -%}

with

score_deals as (

    select * from {{ ref('score_deals') }}

),

final as (

    select
        score_dates.score_date,
        {% for feature in features -%}
        score_deals.{{ feature }},
        {% endfor -%}
        {{ cohort('score_deals.start_date', 'score_dates.score_date') }} as cohort,
        {{ days_between('score_deals.start_date', 'score_dates.score_date') }} as age_days,
        {{ states('deal_states') }},
        score_deals.start_date,
        case
            when not score_deals.is_open then {{ days_between('score_dates.score_date', 'score_deals.closed_date') }}
        end as days_until_close,
        score_deals.is_won,
        score_deals.amount
    from score_deals
    inner join {{ ref('score_dates') }} as score_dates
        on
            score_deals.start_date <= score_dates.score_date
            and (score_deals.is_open or score_deals.closed_date > score_dates.score_date)
    left join {{ ref('deal_states') }} as deal_states
        on score_deals.deal_id = deal_states.deal_id and score_dates.score_date = deal_states.state_date
    where score_deals.is_dated and not score_dates.is_as_of

)

select * from final
