-- An open deal whose win probability is under the threshold, a share of the win rate of all closed deals: what
-- is a low probability depends on how often a company wins. None where scores are withheld: deals have no grade
-- then.

with

rule as (

    {{ alert_rule() }}

),

at_risk as (

    select
        {{ deal_columns('deals') }},
        {{ win_probability_columns('deals') }},
        verdict.win_rate as baseline_value,
        {{ deal_title('deals') }} || ': '
        || {{ win_probability_text('deals', 'under', 'rule.threshold_value * verdict.win_rate') }} as message
    from {{ ref('open_deals') }} as deals
    cross join rule
    cross join {{ ref('model_verdict') }} as verdict
    where
        deals.win_probability < rule.threshold_value * verdict.win_rate
        and deals.grade is not null

)

{{ alert_shape(
    'at_risk',
    entity_type='deal',
    provides=['baseline_value', 'interval_low', 'interval_high', 'amount_at_stake', 'owner'],
) }}
