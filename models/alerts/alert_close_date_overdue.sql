-- An open deal whose expected close date is more days in the past than the threshold.

with

rule as (

    {{ alert_rule('close_date_overdue') }}

),

dated as (

    select
        deals.*,
        cast({{ dbt.datediff('deals.expected_close_date', 'as_of_dates.as_of_date', 'day') }} as bigint) as days_overdue
    from {{ ref('open_deals') }} as deals
    cross join {{ ref('as_of_dates') }} as as_of_dates
    where deals.expected_close_date is not null

),

overdue as (

    select
        deals.deal_id as entity_id,
        deals.days_overdue as observed_value,
        rule.threshold_value,
        deals.deal_amount as amount_at_stake,
        rule.severity,
        coalesce(rule.owner, deals.sales_rep_id) as owner,
        rule.recommended_action,
        {{ deal_title('deals') }} || ': was expected to close on ' || deals.expected_close_date
        || ', ' || {{ as_days('deals.days_overdue') }} || ' ago, and is still open' as message
    from dated as deals
    cross join rule
    where deals.days_overdue > rule.threshold_value

)

{{ alert_shape('overdue', 'close_date_overdue', without=['baseline_value', 'n_deals', 'interval_low', 'interval_high', 'q_value']) }}
