with

deals as (

    select * from {{ ref('stg_deals') }}

),

deal_scores as (

    select * from {{ ref('deal_scores') }}

),

verdict as (

    select verdict = 'signal' as is_signal from {{ ref('model_verdict') }}

),

-- Only what the drivers bear out is given as a reason.
reasons as (

    select
        *,
        row_number() over (partition by deal_id order by rank) as reason_rank
    from {{ ref('deal_reasons') }}
    where is_borne_out

),

top_reasons as (

    select
        {% for rank in [1, 2, 3] -%}
        max(case when reason_rank = {{ rank }} then {{ reason_text('feature', 'level', 'contribution_pp') }} end)
            as top_reason_{{ rank }},
        {% endfor -%}
        deal_id
    from reasons
    where reason_rank <= 3
    group by deal_id

),

-- Grades are the quarters of what closed deals scored before anyone knew their outcome.
grade_edges as (

    select
        quantile_cont(deal_scores.win_probability, 0.75) as lowest_a,
        quantile_cont(deal_scores.win_probability, 0.5) as lowest_b,
        quantile_cont(deal_scores.win_probability, 0.25) as lowest_c
    from deal_scores
    inner join deals using (deal_id)
    where not deals.is_open

),

-- A build repeated for the same day passes on what its forerunner had, so that building
-- twice changes nothing.
previous_scores as (

    select
        previous.deal_id,
        case
            when cast(previous.as_of_date as date) < as_of_dates.as_of_date then previous.win_probability
            else previous.previous_win_probability
        end as win_probability
    from {{ ref('raw_previous_scores') }} as previous
    inner join {{ ref('as_of_dates') }} as as_of_dates
        on cast(previous.as_of_date as date) <= as_of_dates.as_of_date

),

final as (

    select
        deals.deal_id,
        case when deals.is_open then 'open' else lower(deals.outcome) end as status,
        deals.as_of_date,
        deals.deal_stage,
        deals.deal_age_days,
        deals.deal_amount,
        deal_scores.win_probability,
        deal_scores.win_probability_low,
        deal_scores.win_probability_high,
        case
            when not verdict.is_signal or deal_scores.win_probability is null then cast(null as {{ dbt.type_string() }})
            when deal_scores.win_probability >= grade_edges.lowest_a then 'A'
            when deal_scores.win_probability >= grade_edges.lowest_b then 'B'
            when deal_scores.win_probability >= grade_edges.lowest_c then 'C'
            else 'D'
        end as grade,
        deal_scores.win_probability * deals.deal_amount as expected_amount,
        {% for rank in [1, 2, 3] -%}
        top_reasons.top_reason_{{ rank }},
        {% endfor -%}
        previous_scores.win_probability as previous_win_probability,
        deal_scores.model_run_id
    from deals
    cross join verdict
    cross join grade_edges
    left join deal_scores using (deal_id)
    left join top_reasons using (deal_id)
    left join previous_scores using (deal_id)

)

select * from final
