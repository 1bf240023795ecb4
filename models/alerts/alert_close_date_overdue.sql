-- An open deal whose expected close date is more days in the past than the threshold.

with

rule as (

    {{ alert_rule() }}

),

dated as (

    select
        deals.*,
        {{ days_between('deals.expected_close_date', 'as_of_dates.as_of_date') }} as days_overdue
    from {{ ref('open_deals') }} as deals
    cross join {{ ref('as_of_dates') }} as as_of_dates
    where deals.expected_close_date is not null

),

overdue as (

    select
        {{ deal_columns('deals') }},
        deals.days_overdue as observed_value,
        {{ deal_title('deals') }} || ': was expected to close on ' || deals.expected_close_date
        || ', ' || {{ as_days('deals.days_overdue') }} || ' ago, and is still open' as message
    from dated as deals
    cross join rule
    where deals.days_overdue > rule.threshold_value

)

{{ alert_shape('overdue', entity_type='deal', provides=deal_provides()) }}
