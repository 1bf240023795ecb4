-- An open deal in a late stage whose win probability is above the threshold: one to work on first.
-- None where scores are withheld: deals have no grade then.

with

rule as (

    {{ alert_rule() }}

),

likely as (

    select
        {{ deal_columns('deals') }},
        {{ win_probability_columns('deals') }},
        verdict.win_rate as baseline_value,
        {{ deal_title('deals') }} || ': late stage and ' || {{ win_probability_text('deals', 'above') }} as message
    from {{ ref('open_deals') }} as deals
    cross join rule
    cross join {{ ref('model_verdict') }} as verdict
    where
        deals.win_probability > rule.threshold_value
        and deals.is_late_stage
        and deals.grade is not null

)

{{ alert_shape(
    'likely',
    entity_type='deal',
    provides=['baseline_value', 'interval_low', 'interval_high'] + deal_provides(),
) }}
