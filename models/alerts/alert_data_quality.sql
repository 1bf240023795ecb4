-- A larger share of rows was rejected, or of a column's values is unknown, than the threshold.

with

rule as (

    {{ alert_rule('data_quality') }}

),

gaps as (

    select
        *,
        n_gaps / nullif(n_rows, 0) as gap_share
    from {{ ref('missing_values') }}

),

poor as (

    select
        gaps.entity_type,
        gaps.entity_id,
        gaps.gap_share as observed_value,
        rule.threshold_value,
        gaps.n_rows as n_deals,
        rule.severity,
        rule.owner,
        rule.recommended_action,
        case gaps.entity_type when 'export' then 'Export: ' else 'Column ' || gaps.entity_id || ': ' end
        || {{ as_percent('gaps.gap_share') }} || ' of ' || {{ as_count('gaps.n_rows') }}
        || case gaps.entity_type when 'export' then ' rows were rejected' else ' values are unknown' end
        || ', more than ' || {{ as_percent('rule.threshold_value') }} as message
    from gaps
    cross join rule
    where
        gaps.gap_share > rule.threshold_value
        and gaps.n_rows >= rule.min_deals

)

{{ alert_shape('poor', 'data_quality', entity_type='firing.entity_type',
    without=['baseline_value', 'interval_low', 'interval_high', 'q_value', 'amount_at_stake']) }}
