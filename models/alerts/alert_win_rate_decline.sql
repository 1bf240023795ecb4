-- The overall win rate fell between the two before and the last two complete quarters, by
-- more points than the threshold and beyond what chance does.

with

rule as (

    {{ alert_rule('win_rate_decline') }}

),

pipeline as (

    select {{ sum_amount('deal_amount') }} as open_amount from {{ ref('open_deals') }}

),

changes as (

    select * from {{ ref('win_rate_change') }}
    where comparison = 'last two quarters' and basis = 'closed'

),

declined as (

    select
        'all deals' as entity_id,
        changes.win_rate_after as observed_value,
        rule.threshold_value,
        changes.win_rate_before as baseline_value,
        changes.n_after as n_deals,
        changes.change_pp_low as interval_low,
        changes.change_pp_high as interval_high,
        pipeline.open_amount as amount_at_stake,
        rule.severity,
        rule.owner,
        rule.recommended_action,
        'Win rate ' || {{ as_percent('changes.win_rate_after') }}
        || ' in the last two quarters, ' || {{ as_points('changes.change_pp') }}
        || ' below the two before (95% interval ' || {{ as_decimal('changes.change_pp_low') }}
        || ' to ' || {{ as_decimal('changes.change_pp_high') }}
        || ', ' || {{ as_deals('changes.n_after') }} || ')' as message
    from changes
    cross join rule
    cross join pipeline
    where
        changes.verdict = 'declined'
        and -changes.change_pp > rule.threshold_value
        and least(changes.n_before, changes.n_after) >= rule.min_deals

)

{{ alert_shape('declined', 'win_rate_decline', entity_type='company', without=['q_value']) }}
