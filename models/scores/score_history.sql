with

final as (

    select
        deal_id,
        as_of_date,
        win_probability,
        win_probability_low,
        win_probability_high,
        baseline_probability,
        grade,
        model_run_id,
        false as is_this_build
    from {{ ref('past_scores') }}
    union all
    select
        deal_id,
        as_of_date,
        win_probability,
        win_probability_low,
        win_probability_high,
        baseline_probability,
        grade,
        model_run_id,
        true as is_this_build
    from {{ ref('scored_deals') }}
    where status = 'open' and win_probability is not null

)

select * from final
