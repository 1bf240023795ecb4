-- An open deal whose win probability is under the threshold. None where the verdict is not 'signal':
-- deals have no grade then.

with

rule as (

    {{ alert_rule() }}

),

at_risk as (

    select
        {{ deal_columns('deals') }},
        {{ win_probability_columns('deals') }},
        verdict.win_rate as baseline_value,
        {{ deal_title('deals') }} || ': ' || {{ win_probability_text('deals', 'under') }} as message
    from {{ ref('open_deals') }} as deals
    cross join rule
    cross join {{ ref('model_verdict') }} as verdict
    where
        deals.win_probability < rule.threshold_value
        and deals.grade is not null

)

{{ alert_shape(
    'at_risk',
    entity_type='deal',
    provides=['baseline_value', 'interval_low', 'interval_high', 'amount_at_stake', 'owner'],
) }}
