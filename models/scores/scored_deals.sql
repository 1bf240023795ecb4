with

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
        cast(row_number() over (partition by score_id order by rank asc) as bigint) as reason_rank
    from {{ ref('profile_reasons') }}
    where is_borne_out

),

top_reasons as (

    select
        {% for rank in [1, 2, 3] -%}
        max(case when reason_rank = {{ rank }} then {{ reason_text('feature', 'level', 'contribution_pp') }} end)
            as top_reason_{{ rank }},
        {% endfor -%}
        score_id
    from reasons
    where reason_rank <= 3
    group by score_id

),

grade_edges as (

    select * from {{ ref('est_grade_edges') }}

),

as_of_dates as (

    select * from {{ ref('as_of_dates') }}

),

score_changes as (

    select * from {{ ref('score_changes') }}

),

final as (

    select
        deal_scores.deal_id,
        {% for column in display_names() -%}
        deal_scores.{{ column }},
        {% endfor -%}
        {{ deal_url('deal_scores.deal_id') }} as deal_url,
        deal_scores.status,
        as_of_dates.as_of_date,
        deal_scores.deal_stage,
        deal_scores.deal_age_days,
        deal_scores.deal_amount,
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
        deal_scores.win_probability * deal_scores.deal_amount as expected_amount,
        {% for rank in [1, 2, 3] -%}
        top_reasons.top_reason_{{ rank }},
        {% endfor -%}
        score_changes.previous_win_probability,
        {% set points = var('score_trend_pp') -%}
        {% set beyond_baseline = 'score_changes.score_change_pp - score_changes.baseline_change_pp' -%}
        case
            when deal_scores.status != 'open' then cast(null as {{ dbt.type_string() }})
            when verdict.score_withheld_because is not null or score_changes.score_change_pp is null
                then 'not enough information'
            when least(score_changes.score_change_pp, {{ beyond_baseline }}) > {{ points }} then 'improving'
            when greatest(score_changes.score_change_pp, {{ beyond_baseline }}) < -{{ points }} then 'declining'
            else 'steady'
        end as score_trend,
        score_changes.compared_as_of_date,
        score_changes.compared_win_probability,
        score_changes.score_change_pp,
        score_changes.baseline_change_pp,
        deal_scores.qualification_probability,
        deal_scores.win_probability_this_quarter,
        deal_scores.win_probability_next_quarter,
        deal_scores.win_probability_90_days,
        deal_scores.baseline_probability,
        deal_scores.model_run_id,
        deal_scores.score_id
    from deal_scores
    cross join as_of_dates
    cross join verdict
    left join grade_edges
        on case when deal_scores.status = 'open' then deal_scores.age_from_days else -1 end = grade_edges.age_from_days
    left join top_reasons on deal_scores.score_id = top_reasons.score_id
    left join score_changes on deal_scores.deal_id = score_changes.deal_id

)

select * from final
