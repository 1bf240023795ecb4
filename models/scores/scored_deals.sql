with

deals as (

    select * from {{ ref('stg_deals') }}

),

deal_scores as (

    select * from {{ ref('deal_scores') }}

),

verdict as (

    select score_withheld_because from {{ ref('model_verdict') }}

),

-- Only what the drivers confirm is given as a reason.
reasons as (

    select
        *,
        cast(row_number() over (partition by deal_id order by rank asc) as bigint) as reason_rank
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

-- The edges of the grades are the quartiles of the closed deals' scores at creation.
grade_edges as (

    select
        percentile_cont(0.75) within group (order by deal_scores.win_probability) as lowest_a,
        percentile_cont(0.5) within group (order by deal_scores.win_probability) as lowest_b,
        percentile_cont(0.25) within group (order by deal_scores.win_probability) as lowest_c
    from deal_scores
    inner join deals using (deal_id)
    where not deals.is_open

),

as_of_dates as (

    select * from {{ ref('as_of_dates') }}

),

raw_previous_scores as (

    select * from {{ ref('raw_previous_scores') }}

),

-- A second build for the same as-of date keeps the previous score of the first, so that it gives the same
-- table.
previous_scores as (

    select
        previous.deal_id,
        case
            when cast(previous.as_of_date as date) < as_of_dates.as_of_date then previous.win_probability
            else previous.previous_win_probability
        end as win_probability
    from raw_previous_scores as previous
    inner join as_of_dates
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
            when verdict.score_withheld_because is not null or deal_scores.win_probability is null
                then cast(null as {{ dbt.type_string() }})
            when deal_scores.win_probability >= grade_edges.lowest_a then 'A'
            when deal_scores.win_probability >= grade_edges.lowest_b then 'B'
            when deal_scores.win_probability >= grade_edges.lowest_c then 'C'
            else 'D'
        end as grade,
        verdict.score_withheld_because,
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
