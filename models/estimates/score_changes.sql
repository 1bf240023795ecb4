-- What became of the score of each deal since earlier builds: the last score before this build's, and the score that
-- the trend of an open deal compares with.

with

past_scores as (

    select * from {{ ref('past_scores') }}

),

-- Scores of a few days ago say little of a trend. Where deals had no grade, scores were no better than the base rate.
days as (

    select
        past_scores.deal_id,
        max(past_scores.as_of_date) as previous_date,
        max(
            case
                when
                    past_scores.grade is not null
                    and {{ days_between('past_scores.as_of_date', 'as_of_dates.as_of_date') }}
                    >= {{ var('score_trend_days') }}
                    then past_scores.as_of_date
            end
        ) as compared_date
    from past_scores
    cross join {{ ref('as_of_dates') }} as as_of_dates
    group by past_scores.deal_id

),

-- Each model gives other probabilities, and each deal grows older. What both do to all deals of an age is in the change
-- of the baseline, the average deal of the same age: what a deal does beyond it is its own.
final as (

    select
        days.deal_id,
        previous.win_probability as previous_win_probability,
        compared.as_of_date as compared_as_of_date,
        compared.win_probability as compared_win_probability,
        100 * (deal_scores.win_probability - compared.win_probability) as score_change_pp,
        100 * (deal_scores.baseline_probability - compared.baseline_probability) as baseline_change_pp
    from days
    inner join {{ ref('deal_scores') }} as deal_scores on days.deal_id = deal_scores.deal_id
    inner join past_scores as previous
        on days.deal_id = previous.deal_id and days.previous_date = previous.as_of_date
    left join past_scores as compared
        on
            days.deal_id = compared.deal_id
            and days.compared_date = compared.as_of_date
            and deal_scores.status = 'open'

)

select * from final
