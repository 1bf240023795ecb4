-- A segment whose win rate in the later window of the primary comparison is lower than in the earlier, by
-- more points than the threshold and by more than expected by chance among so many segments.

with

rule as (

    {{ alert_rule() }}

),

segments as (

    select * from {{ ref('win_rate_change_segments') }} where is_primary

),

declined as (

    select
        segments.feature || '=' || segments.level as entity_id,
        segments.win_rate_after as observed_value,
        segments.win_rate_before as baseline_value,
        segments.n_after as n_deals,
        segments.change_pp_low as interval_low,
        segments.change_pp_high as interval_high,
        segments.q_value,
        level_totals.open_amount as amount_at_stake,
        {{ level_title('segments.feature', 'segments.level') }}
        || ': win rate ' || {{ as_percent('segments.win_rate_after') }}
        || ' in {{ primary_comparison().after }}, ' || {{ as_points('segments.change_pp') }}
        || ' below {{ primary_comparison().before }} ('
        || {{ as_interval('segments.change_pp_low', 'segments.change_pp_high') }}
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

{{ alert_shape(
    'declined',
    entity_type='segment',
    provides=['baseline_value', 'n_deals', 'interval_low', 'interval_high', 'q_value', 'amount_at_stake'],
) }}
