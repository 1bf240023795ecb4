-- A segment that won less in the last two complete quarters than in the two before, by more
-- points than the threshold, and beyond what chance does among so many segments.

with

rule as (

    {{ alert_rule('segment_decline') }}

),

segments as (

    select * from {{ ref('win_rate_change_segments') }} where comparison = 'last two quarters'

),

declined as (

    select
        segments.feature || '=' || segments.level as entity_id,
        segments.win_rate_after as observed_value,
        rule.threshold_value,
        segments.win_rate_before as baseline_value,
        segments.n_after as n_deals,
        segments.change_pp_low as interval_low,
        segments.change_pp_high as interval_high,
        segments.q_value,
        level_totals.open_amount as amount_at_stake,
        rule.severity,
        rule.owner,
        rule.recommended_action,
        {{ feature_title('segments.feature') }} || ' ' || segments.level
        || ': win rate ' || {{ as_percent('segments.win_rate_after') }}
        || ' in the last two quarters, ' || {{ as_points('segments.change_pp') }}
        || ' below the two before (95% interval ' || {{ as_decimal('segments.change_pp_low') }}
        || ' to ' || {{ as_decimal('segments.change_pp_high') }}
        || ', ' || {{ as_deals('segments.n_after') }} || ')' as message
    from segments
    cross join rule
    left join {{ ref('level_totals') }} as level_totals using (feature, level)
    where
        segments.evidence = 'got worse'
        and -segments.change_pp > rule.threshold_value
        and segments.q_value <= rule.max_q_value
        and least(segments.n_before, segments.n_after) >= rule.min_deals

)

{{ alert_shape('declined', 'segment_decline', entity_type='segment') }}
