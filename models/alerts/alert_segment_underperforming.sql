-- A level of a feature whose win rate, other features being equal, is below that of the average deal
-- by more points than the threshold. Only features that are known while a deal is open: one that is
-- known only at close describes the outcome, and nobody can act on it. Nor on 'Unknown' and 'Other'.

with

rule as (

    {{ alert_rule() }}

),

segments as (

    select * from {{ ref('win_rate_drivers') }}
    where
        known_at = 'creation'
        and level not in ({{ quoted_list(no_segment_levels()) }})

),

underperforming as (

    select
        segments.feature || '=' || segments.level as entity_id,
        segments.adjusted_win_rate as observed_value,
        verdict.win_rate as baseline_value,
        segments.n_deals,
        segments.effect_pp_low as interval_low,
        segments.effect_pp_high as interval_high,
        segments.q_value,
        {{ cost_of_win_rate('segments.effect_pp', 'level_totals.open_amount') }},
        {{ level_title('segments.feature', 'segments.level') }}
        || ': win rate ' || {{ as_percent('segments.adjusted_win_rate') }}
        || ' other things equal, ' || {{ as_points('segments.effect_pp') }}
        || ' below the average deal (' || {{ as_interval('segments.effect_pp_low', 'segments.effect_pp_high') }}
        || ', ' || {{ as_deals('segments.n_deals') }} || ')' as message
    from segments
    cross join rule
    cross join {{ ref('model_verdict') }} as verdict
    left join {{ ref('level_totals') }} as level_totals using (feature, level)
    where
        segments.evidence = 'hurts'
        and -segments.effect_pp > rule.threshold_value
        and segments.q_value <= rule.max_q_value
        and segments.n_deals >= rule.min_deals

)

{{ alert_shape(
    'underperforming',
    entity_type='segment',
    provides=win_rate_provides(),
) }}
