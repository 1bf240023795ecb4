-- How the first stay of each deal in each stage ended, and after how many days: counts for all deals by the quarter in
-- which they entered the stage, and for each level of the categorical features known at creation. `left_for` is null
-- where the deal is still there.

{% set features = creation_features() | select('in', categorical_features()) | list -%}
{% set groups = 'deal_stage, left_for, days_in_stage' -%}

with

staged as (

    select
        entries.*,
        {{ quarter_start('entries.entered_date', 'fiscal_calendars.start_month') }} as quarter_start,
        {{ cents('entries.deal_amount') }} as amount_cents
    from {{ ref('stage_entries') }} as entries
    cross join {{ ref('fiscal_calendars') }} as fiscal_calendars

),

-- One pass: all deals by quarter, and the levels of each feature. (sqlfluff does not parse grouping sets.)
counted as (

    select
        {{ groups }},
        quarter_start,
        {{ level_columns(features) }},
        count(*) as n_deals,
        sum(amount_cents) as amount_cents
    from staged
    group by {{ level_sets(groups, features, of_all=groups ~ ', quarter_start') }}  -- noqa: PRS

),

final as (

    select
        counted.feature,
        coalesce(feature_levels.level, counted.found) as level,
        counted.quarter_start,
        counted.deal_stage,
        counted.left_for,
        counted.days_in_stage,
        {{ whole_sum('counted.n_deals') }} as n_deals,
        {{ whole_sum('counted.amount_cents') }} as amount_cents
    from counted
    left join {{ ref('feature_levels') }} as feature_levels
        on counted.feature = feature_levels.feature and counted.found = feature_levels.feature_value
    group by all

)

select * from final
