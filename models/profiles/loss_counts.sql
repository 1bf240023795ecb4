-- Counts and amounts of the lost deals by month of closing (null where a deal has none), by loss reason, by kind of
-- loss and by competitor; of all deals (feature and level 'all'), of each level of the categorical features known
-- at creation, and of each rep. Empty where the export names no reason and no competitor: then no deal is read.

{% set names = ['loss_reason', 'competitor'] -%}
{% set null_values = quoted_list(var('null_values_that_are_levels') or ['']) -%}
{% set levels_of = creation_features() | select('in', categorical_features()) | reject('in', names) | list -%}
{% set features = (levels_of + ['sales_rep_id']) | unique | list -%}

with

kinds as (

    select * from {{ ref('loss_kinds') }}

),

-- A reason 'None' is no reason; a competitor 'None' says that there was none.
deals as (

    select
        cast(date_trunc('month', closed_date) as date) as month_start,
        case when lower(loss_reason) in ({{ null_values }}) then 'Unknown' else coalesce(loss_reason, 'Unknown') end
            as loss_reason,
        coalesce(competitor, 'Unknown') as competitor,
        {% for feature in features -%}
        {{ feature }},
        {% endfor -%}
        {{ cents('deal_amount') }} as lost_cents
    from {{ ref('stg_deals') }}
    where is_won = 0 and exists (select 1 from kinds)

),

pairs as (

    select
        loss_reason,
        competitor,
        count(*) as n_lost
    from deals
    group by loss_reason, competitor

),

counted as (

    {% for name in names -%}
    select
        '{{ name }}' as dimension,
        {{ name }} as found,
        sum(n_lost) as n_lost
    from pairs
    group by {{ name }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

pooled as (

    select
        dimension,
        found,
        case when n_lost < {{ var('min_deals_per_level') }} and found != 'Unknown' then 'Other' else found end as reason
    from counted

),

reasons as (

    select
        pooled.dimension,
        pooled.found,
        pooled.reason,
        case
            when pooled.found = 'Unknown' then 'unknown'
            else coalesce(kinds.kind, 'other')
        end as kind,
        case
            when pooled.reason = 'Unknown' then 'unknown'
            when pooled.reason = 'Other' then 'other'
            else coalesce(kinds.kind, 'other')
        end as kind_of_reason
    from pooled
    left join kinds on pooled.dimension = kinds.column_name and pooled.found = kinds.level

),

-- The reason says the kind of a loss. Where it does not, the competitor does.
pooled_pairs as (

    select
        pairs.loss_reason,
        pairs.competitor,
        loss_reasons.reason as pooled_loss_reason,
        competitors.reason as pooled_competitor,
        case
            when loss_reasons.kind in ('no decision', 'lost to a competitor') then loss_reasons.kind
            when competitors.kind in ('no decision', 'lost to a competitor') then competitors.kind
            else loss_reasons.kind
        end as loss_kind
    from pairs
    inner join reasons as loss_reasons
        on loss_reasons.dimension = 'loss_reason' and pairs.loss_reason = loss_reasons.found
    inner join reasons as competitors
        on competitors.dimension = 'competitor' and pairs.competitor = competitors.found

),

{% set groups = 'deals.month_start, pooled_pairs.pooled_loss_reason, pooled_pairs.pooled_competitor, '
    ~ 'pooled_pairs.loss_kind' -%}
-- One pass over the deals: all of them together, and the levels of each feature. In a row only the feature of its own
-- set has a level. (sqlfluff does not parse the grouping sets of DuckDB.)
lost as (

    select
        {{ groups }},
        {{ level_columns(features, prefix='deals.') }},
        count(*) as n_lost,
        sum(deals.lost_cents) as lost_cents
    from deals
    inner join pooled_pairs
        on deals.loss_reason = pooled_pairs.loss_reason and deals.competitor = pooled_pairs.competitor
    group by {{ level_sets(groups, features, prefix='deals.') }}  -- noqa: PRS

),

by_dimension as (

    {% for dimension, reason in [
        ('loss_reason', 'pooled_loss_reason'), ('kind', 'loss_kind'), ('competitor', 'pooled_competitor')
    ] -%}
    select
        month_start,
        feature,
        found,
        '{{ dimension }}' as dimension,
        {{ reason }} as reason,
        n_lost,
        lost_cents
    from lost
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- A dimension of which every deal is 'Unknown' is one that the export does not have.
known as (

    select distinct dimension
    from reasons
    where found != 'Unknown'

),

dimensions as (

    select dimension from known
    union
    select 'kind' as dimension from known

),

kinds_of_reasons as (

    select distinct
        dimension,
        reason,
        kind_of_reason as kind
    from reasons

),

final as (

    select
        by_dimension.month_start,
        by_dimension.feature,
        coalesce(feature_levels.level, by_dimension.found) as level,
        by_dimension.dimension,
        by_dimension.reason,
        coalesce(kinds_of_reasons.kind, by_dimension.reason) as kind,
        {{ whole_sum('by_dimension.n_lost') }} as n_lost,
        {{ whole_sum('by_dimension.lost_cents') }} as lost_cents
    from by_dimension
    inner join dimensions on by_dimension.dimension = dimensions.dimension
    left join kinds_of_reasons
        on by_dimension.dimension = kinds_of_reasons.dimension and by_dimension.reason = kinds_of_reasons.reason
    left join {{ ref('feature_levels') }} as feature_levels
        on by_dimension.feature = feature_levels.feature and by_dimension.found = feature_levels.feature_value
    group by all

)

select * from final
