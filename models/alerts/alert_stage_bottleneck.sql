-- A stage from which a smaller share of the deals goes on than did before, by more points than the threshold and by
-- more than expected by chance. Without a stage history there is none.

with

rule as (

    {{ alert_rule() }}

),

open_amounts as (

    select
        deal_stage,
        n_still_there,
        open_amount
    from {{ ref('stage_conversion') }}
    where feature is null and quarter_start is null

),

bottlenecks as (

    select
        changes.deal_stage as entity_id,
        changes.went_on_rate_after as observed_value,
        changes.went_on_rate_before as baseline_value,
        changes.n_entered_after as n_deals,
        changes.change_pp_low as interval_low,
        changes.change_pp_high as interval_high,
        changes.q_value,
        open_amounts.open_amount as amount_at_stake,
        'Stage ' || changes.deal_stage || ': ' || {{ as_percent('changes.went_on_rate_after') }} || ' of the '
        || {{ as_deals('changes.n_entered_after') }} || ' that entered it from ' || changes.after_start || ' to '
        || changes.after_end || ' went on within ' || {{ as_days('changes.horizon_days') }} || ', '
        || {{ as_points('changes.change_pp') }} || ' fewer than of those from ' || changes.before_start || ' to '
        || changes.before_end || ' (' || {{ as_interval('changes.change_pp_low', 'changes.change_pp_high') }}
        || '); deals here now: ' || {{ as_count('open_amounts.n_still_there') }} as message
    from {{ ref('stage_conversion_change') }} as changes
    inner join open_amounts on changes.deal_stage = open_amounts.deal_stage
    cross join rule
    where
        changes.is_primary
        and changes.feature is null
        and changes.evidence = 'fell'
        and -changes.change_pp > rule.threshold_value
        and changes.q_value <= rule.max_q_value
        and changes.n_entered_after >= rule.min_deals

)

{{ alert_shape(
    'bottlenecks',
    entity_type='stage',
    provides=['baseline_value', 'n_deals', 'interval_low', 'interval_high', 'q_value', 'amount_at_stake'],
) }}
