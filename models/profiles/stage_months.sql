-- What deals that entered a stage for the first time left it for within `horizon_days` (null: nothing, they were still
-- there), by the month of the entry: for all deals, for each rep, and for each level of the categorical features known
-- at creation. A mean and its variance need the sums of the days in it, of which no more than `horizon_days` count, and
-- of their squares.

{% set creation = creation_features() | select('in', categorical_features()) | list -%}
{% set features = (creation + ['sales_rep_id']) | unique | list -%}

with

staged as (

    select
        entries.*,
        cast(date_trunc('month', entries.entered_date) as date) as month_start,
        case when entries.days_in_stage <= horizons.horizon_days then entries.left_for end as left_for_in_time,
        least(entries.days_in_stage, horizons.horizon_days) as counted_days
    from {{ ref('stage_entries') }} as entries
    cross join {{ ref('stage_horizons') }} as horizons

),

{% set groups = 'deal_stage, left_for_in_time, month_start' -%}
-- One pass: all deals, and the levels of each feature. (sqlfluff does not parse the grouping sets of DuckDB.)
counted as (

    select
        {{ groups }},
        {{ level_columns(features) }},
        count(*) as n_deals,
        sum(counted_days) as days,
        sum(counted_days * counted_days) as squared_days
    from staged
    group by {{ level_sets(groups, features) }}  -- noqa: PRS

),

final as (

    select
        counted.month_start,
        counted.feature,
        coalesce(feature_levels.level, counted.found) as level,
        counted.deal_stage,
        counted.left_for_in_time as left_for,
        {{ whole_sum('counted.n_deals') }} as n_deals,
        {{ whole_sum('counted.days') }} as days,
        {{ whole_sum('counted.squared_days') }} as squared_days
    from counted
    left join {{ ref('feature_levels') }} as feature_levels
        on counted.feature = feature_levels.feature and counted.found = feature_levels.feature_value
    group by all

)

select * from final
