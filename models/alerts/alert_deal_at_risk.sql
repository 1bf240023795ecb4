-- An open deal whose win probability is under the threshold, a share of the win rate of all closed deals: what
-- is a low probability depends on how often a company wins. None where scores are withheld: deals have no grade
-- then.

with

deals as (

    select
        open_deals.*,
        verdict.win_rate
    from {{ ref('open_deals') }} as open_deals
    cross join {{ ref('model_verdict') }} as verdict

),

-- As a share of the win rate: of the open deals, no more than `max_alert_share` have less.
lowest as (

    select
        least(
            {{ var('at_risk_share_of_win_rate') }},
            percentile_cont({{ var('max_alert_share') }}) within group (order by win_probability)
            / nullif(max(win_rate), 0)
        ) as share_of_win_rate
    from deals

),

rule as (

    {{ alert_rule(from_data='(select share_of_win_rate from lowest)') }}

),

at_risk as (

    select
        {{ deal_columns('deals') }},
        {{ win_probability_columns('deals') }},
        deals.win_rate as baseline_value,
        {{ deal_title('deals') }} || ': '
        || {{ win_probability_text('deals', 'under', 'rule.threshold_value * deals.win_rate') }} as message
    from deals
    cross join rule
    where
        deals.win_probability < rule.threshold_value * deals.win_rate
        and deals.grade is not null

)

{{ alert_shape(
    'at_risk',
    entity_type='deal',
    provides=['baseline_value', 'interval_low', 'interval_high'] + deal_provides(),
) }}
