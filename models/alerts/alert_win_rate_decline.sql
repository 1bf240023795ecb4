-- The overall win rate in the later window of the primary comparison is lower than in the earlier, by
-- more points than the threshold and by more than expected by chance.

with

rule as (

    {{ alert_rule() }}

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
        {{ cost_of_win_rate('changes.change_pp', 'changes.closed_amount_after') }},
        'Win rate ' || {{ as_percent('changes.win_rate_after') }}
        || ' in {{ primary_comparison().after }}, ' || {{ as_points('changes.change_pp') }}
        || ' below {{ primary_comparison().before }} ('
        || {{ as_interval('changes.change_pp_low', 'changes.change_pp_high') }}
        || ', ' || {{ as_deals('changes.n_after') }} || ')'
        || {{ cost_text('changes.change_pp', 'changes.closed_amount_after', 'formats.reporting_currency') }}
            as message
    from changes
    cross join rule
    cross join {{ ref('export_formats') }} as formats
    where
        changes.verdict = 'declined'
        and -changes.change_pp > rule.threshold_value
        and changes.q_value <= rule.max_q_value
        and least(changes.n_before, changes.n_after) >= rule.min_deals

)

{{ alert_shape(
    'declined',
    entity_type='company',
    provides=win_rate_provides(),
) }}
