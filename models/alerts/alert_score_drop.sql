-- An open deal whose win probability fell by more points than the threshold since an earlier build, and by as much
-- beyond the average deal of its age: a new model or the age alone is nothing that happened to this deal. None where
-- scores are withheld: deals have no grade then.

with

rule as (

    {{ alert_rule() }}

),

dropped as (

    select
        {{ deal_columns('deals') }},
        {{ win_probability_columns('deals') }},
        deals.compared_win_probability as baseline_value,
        {{ deal_title('deals') }} || ': win probability ' || {{ as_percent('deals.win_probability') }}
        || ' (' || {{ as_percent_interval('deals.win_probability_low', 'deals.win_probability_high') }} || '), '
        || {{ as_percent('deals.compared_win_probability') }} || ' '
        || {{ as_days(days_between('deals.compared_as_of_date', 'deals.as_of_date')) }} || ' ago: '
        || {{ as_signed_decimal('deals.score_change_pp') }} || ' points (average deal of its age: '
        || {{ as_signed_decimal('deals.baseline_change_pp') }} || ')'
        || coalesce('; ' || deals.top_reason_1, '') as message
    from {{ ref('open_deals') }} as deals
    cross join rule
    where
        greatest(deals.score_change_pp, deals.score_change_pp - deals.baseline_change_pp) < -rule.threshold_value
        and deals.grade is not null

)

{{ alert_shape(
    'dropped',
    entity_type='deal',
    provides=['baseline_value', 'interval_low', 'interval_high'] + deal_provides(),
) }}
