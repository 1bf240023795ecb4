-- An open deal that has stood in its stage for more days than the threshold; where the
-- export does not say when it entered the stage, the deal's age counts.

with

rule as (

    {{ alert_rule('deal_stalled') }}

),

stalled as (

    select
        deals.deal_id as entity_id,
        deals.days_in_stage as observed_value,
        rule.threshold_value,
        deals.deal_amount as amount_at_stake,
        rule.severity,
        coalesce(rule.owner, deals.sales_rep_id) as owner,
        rule.recommended_action,
        {{ deal_title('deals') }} || ': '
        || case
            when deals.is_stage_date_known then {{ as_days('deals.days_in_stage') }} || ' in its stage'
            else 'open for ' || {{ as_days('deals.days_in_stage') }}
        end
        || ', more than ' || {{ as_count('rule.threshold_value') }} as message
    from {{ ref('open_deals') }} as deals
    cross join rule
    where deals.days_in_stage > rule.threshold_value

)

{{ alert_shape('stalled', 'deal_stalled', without=['baseline_value', 'n_deals', 'interval_low', 'interval_high', 'q_value']) }}
