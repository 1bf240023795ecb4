-- A stage in which a larger share of deals is lost than in the other stages, by more points than the
-- threshold and by more than expected by chance.

with

rule as (

    {{ alert_rule() }}

),

bottlenecks as (

    select
        stages.deal_stage as entity_id,
        stages.drop_off_rate as observed_value,
        stages.drop_off_rate_elsewhere as baseline_value,
        stages.n_deals,
        stages.difference_pp_low as interval_low,
        stages.difference_pp_high as interval_high,
        stages.q_value,
        stages.open_amount as amount_at_stake,
        'Stage ' || stages.deal_stage || ': ' || {{ as_percent('stages.drop_off_rate') }}
        || ' of the deals that ended here were lost, ' || {{ as_points('stages.difference_pp') }}
        || ' more than in the other stages ('
        || {{ as_interval('stages.difference_pp_low', 'stages.difference_pp_high') }}
        || ', ' || {{ as_deals('stages.n_deals') }} || '); open deals here now: '
        || {{ as_count('stages.n_open_deals') }} as message
    from {{ ref('stage_funnel') }} as stages
    cross join rule
    where
        stages.evidence = 'higher'
        and stages.difference_pp > rule.threshold_value
        and stages.q_value <= rule.max_q_value
        and stages.n_deals >= rule.min_deals

)

{{ alert_shape(
    'bottlenecks',
    entity_type='stage',
    provides=['baseline_value', 'n_deals', 'interval_low', 'interval_high', 'q_value', 'amount_at_stake'],
) }}
