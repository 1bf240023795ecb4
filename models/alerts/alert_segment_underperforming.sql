-- A level of a feature that wins fewer deals than the average deal, other things equal, by
-- more points than the threshold. Only features known while a deal is open: one that is known
-- at its end is a consequence, not something to act on.

with

rule as (

    {{ alert_rule('segment_underperforming') }}

),

overall as (

    select n_won / nullif(n_won + n_lost, 0) as win_rate from {{ ref('model_verdict') }}

),

segments as (

    select * from {{ ref('win_rate_drivers') }}
    where feature in ({{ quoted_list(creation_features()) }})

),

underperforming as (

    select
        segments.feature || '=' || segments.level as entity_id,
        segments.adjusted_win_rate as observed_value,
        rule.threshold_value,
        overall.win_rate as baseline_value,
        segments.n_deals,
        segments.effect_pp_low as interval_low,
        segments.effect_pp_high as interval_high,
        segments.q_value,
        level_totals.open_amount as amount_at_stake,
        rule.severity,
        rule.owner,
        rule.recommended_action,
        {{ feature_title('segments.feature') }} || ' ' || segments.level
        || ': win rate ' || {{ as_percent('segments.adjusted_win_rate') }}
        || ' other things equal, ' || {{ as_points('segments.effect_pp') }}
        || ' below the average deal (95% interval ' || {{ as_decimal('segments.effect_pp_low') }}
        || ' to ' || {{ as_decimal('segments.effect_pp_high') }}
        || ', ' || {{ as_deals('segments.n_deals') }} || ')' as message
    from segments
    cross join rule
    cross join overall
    left join {{ ref('level_totals') }} as level_totals using (feature, level)
    where
        segments.evidence = 'hurts'
        and -segments.effect_pp > rule.threshold_value
        and segments.q_value <= rule.max_q_value
        and segments.n_deals >= rule.min_deals

)

{{ alert_shape('underperforming', 'segment_underperforming', entity_type='segment') }}
