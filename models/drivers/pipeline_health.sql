with

totals as (

    select * from {{ ref('pipeline_totals') }}

),

estimates as (

    select * from {{ ref('est_pipeline_health') }}

),

final as (

    select
        totals.as_of_date,
        totals.n_open_deals,
        totals.open_amount,
        {{ win_rate('totals.n_won', 'totals.n_deals') }} * totals.open_amount as base_rate_pipeline_amount,
        totals.stalled_amount / nullif(totals.open_amount, 0) as share_of_amount_stalled,
        totals.last_quarter_start,
        totals.last_quarter_end,
        totals.n_created_last_quarter,
        totals.n_created_quarter_before,
        totals.n_created_year_before,
        totals.created_amount_last_quarter,
        totals.created_amount_quarter_before,
        totals.created_amount_year_before,
        estimates.n_created_ratio,
        estimates.n_created_ratio_low,
        estimates.n_created_ratio_high,
        estimates.n_created_p_value,
        estimates.n_created_q_value,
        estimates.volume_evidence,
        estimates.created_amount_ratio,
        estimates.created_amount_ratio_low,
        estimates.created_amount_ratio_high,
        estimates.created_amount_p_value,
        estimates.created_amount_q_value,
        estimates.amount_evidence,
        estimates.mix_p_value,
        estimates.mix_q_value,
        estimates.mix_evidence,
        estimates.closed_mix_p_value,
        estimates.closed_mix_q_value,
        estimates.closed_mix_evidence,
        estimates.statement
    from totals
    cross join estimates

)

select * from final
