-- An open deal whose win probability is under the threshold. Silent where the model
-- cannot tell won from lost deals: there, no deal has a grade.

with

rule as (

    {{ alert_rule('deal_at_risk') }}

),

overall as (

    select n_won / nullif(n_won + n_lost, 0) as win_rate from {{ ref('model_verdict') }}

),

at_risk as (

    select
        deals.deal_id as entity_id,
        deals.win_probability as observed_value,
        rule.threshold_value,
        overall.win_rate as baseline_value,
        deals.win_probability_low as interval_low,
        deals.win_probability_high as interval_high,
        deals.deal_amount as amount_at_stake,
        rule.severity,
        coalesce(rule.owner, deals.sales_rep_id) as owner,
        rule.recommended_action,
        {{ deal_title('deals') }} || ': win probability ' || {{ as_percent('deals.win_probability') }}
        || ', under ' || {{ as_percent('rule.threshold_value') }}
        || ' (95% interval ' || {{ as_percent('deals.win_probability_low') }}
        || ' to ' || {{ as_percent('deals.win_probability_high') }} || ')'
        || coalesce('; ' || deals.top_reason_1, '') as message
    from {{ ref('open_deals') }} as deals
    cross join rule
    cross join overall
    where
        deals.win_probability < rule.threshold_value
        and deals.grade is not null

)

{{ alert_shape('at_risk', 'deal_at_risk', without=['n_deals', 'q_value']) }}
