-- The overall win rate in the later window of the primary comparison is lower than in the earlier, by
-- more points than the threshold and by more than expected by chance.

with

rule as (

    {{ alert_rule() }}

),

pipeline as (

    select open_amount from {{ ref('pipeline_totals') }}

),

changes as (

    select * from {{ ref('win_rate_change') }} where is_primary and basis = 'closed'

),

declined as (

    select
        'all deals' as entity_id,
        changes.win_rate_after as observed_value,
        changes.win_rate_before as baseline_value,
        changes.n_after as n_deals,
        changes.change_pp_low as interval_low,
        changes.change_pp_high as interval_high,
        changes.q_value,
        pipeline.open_amount as amount_at_stake,
        'Win rate ' || {{ as_percent('changes.win_rate_after') }}
        || ' in {{ primary_comparison().after }}, ' || {{ as_points('changes.change_pp') }}
        || ' below {{ primary_comparison().before }} ('
        || {{ as_interval('changes.change_pp_low', 'changes.change_pp_high') }}
        || ', ' || {{ as_deals('changes.n_after') }} || ')' as message
    from changes
    cross join rule
    cross join pipeline
    where
        changes.verdict = 'declined'
        and -changes.change_pp > rule.threshold_value
        and changes.q_value <= rule.max_q_value
        and least(changes.n_before, changes.n_after) >= rule.min_deals

)

{{ alert_shape(
    'declined',
    entity_type='company',
    provides=['baseline_value', 'n_deals', 'interval_low', 'interval_high', 'q_value', 'amount_at_stake'],
) }}
