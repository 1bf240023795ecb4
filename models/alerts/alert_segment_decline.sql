-- A segment that is a cause of a decline (drivers.win_rate_change_causes): it declined more than the other deals,
-- and its own win rate by more points than the threshold. Of several comparisons the one with the strongest
-- evidence. 'Unknown' and 'Other' are no segments that anyone could act on.

with

rule as (

    {{ alert_rule() }}

),

segments as (

    select * from {{ ref('win_rate_change_segments') }}
    where level not in ({{ quoted_list(no_segment_levels()) }})

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
        {{ cost_of_win_rate('segments.change_pp', 'segments.closed_amount_after') }},
        {{ level_title('segments.feature', 'segments.level') }}
        || ': win rate ' || {{ as_percent('segments.win_rate_after') }}
        || ' in ' || {{ comparison_words('segments.comparison', 'after') }}
        || ', ' || {{ as_points('segments.change_pp') }}
        || ' below ' || {{ comparison_words('segments.comparison', 'before') }} || ' ('
        || {{ as_interval('segments.change_pp_low', 'segments.change_pp_high') }}
        || ', ' || {{ as_deals('segments.n_after') }} || ')'
        || {{ cost_text('segments.change_pp', 'segments.closed_amount_after', 'formats.reporting_currency') }}
            as message
    from segments
    cross join rule
    cross join {{ ref('export_formats') }} as formats
    where
        segments.evidence = 'got worse'
        and -segments.change_pp > rule.threshold_value
        and segments.q_value <= rule.max_q_value
        and least(segments.n_before, segments.n_after) >= rule.min_deals
    qualify row_number() over (
        partition by segments.feature, segments.level
        order by segments.q_value asc, segments.is_primary desc, segments.comparison asc
    ) = 1

)

{{ alert_shape(
    'declined',
    entity_type='segment',
    provides=win_rate_provides(),
) }}
