-- Counts and amounts of the lost deals by month of closing (null where a deal has none), by loss reason, by kind of
-- loss and by competitor; of all deals (feature and level 'all') and of each level of the categorical features known
-- at creation. Empty where the export names no reason and no competitor: then no deal is read.

{% set names = ['loss_reason', 'competitor'] -%}
{% set null_values = quoted_list(var('null_values_that_are_levels') or ['']) -%}
{% set features = creation_features() | select('in', categorical_features()) | reject('in', names) | list -%}

with

kinds as (

    select * from {{ ref('loss_kinds') }}

),

-- A reason 'None' is no reason; a competitor 'None' says that there was none.
cells as (

    select
        cast(date_trunc('month', closed_date) as date) as month_start,
        case when lower(loss_reason) in ({{ null_values }}) then 'Unknown' else coalesce(loss_reason, 'Unknown') end
            as loss_reason,
        coalesce(competitor, 'Unknown') as competitor,
        {% for feature in features -%}
        {{ feature }},
        {% endfor -%}
        count(*) as n_lost,
        {{ whole_sum(cents('deal_amount')) }} as lost_cents
    from {{ ref('stg_deals') }}
    where is_won = 0 and exists (select 1 from kinds)
    group by all

),

counted as (

    {% for name in names -%}
    select
        '{{ name }}' as dimension,
        {{ name }} as found,
        sum(n_lost) as n_lost
    from cells
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
lost as (

    select
        cells.*,
        loss_reasons.reason as pooled_loss_reason,
        loss_reasons.kind_of_reason as kind_of_loss_reason,
        competitors.reason as pooled_competitor,
        competitors.kind_of_reason as kind_of_competitor,
        case
            when loss_reasons.kind in ('no decision', 'lost to a competitor') then loss_reasons.kind
            when competitors.kind in ('no decision', 'lost to a competitor') then competitors.kind
            else loss_reasons.kind
        end as loss_kind
    from cells
    inner join reasons as loss_reasons
        on loss_reasons.dimension = 'loss_reason' and cells.loss_reason = loss_reasons.found
    inner join reasons as competitors
        on competitors.dimension = 'competitor' and cells.competitor = competitors.found

),

by_feature as (

    {% for feature in ["'all'"] + features -%}
    {% for dimension, reason, kind in [
        ('loss_reason', 'pooled_loss_reason', 'kind_of_loss_reason'),
        ('kind', 'loss_kind', 'loss_kind'),
        ('competitor', 'pooled_competitor', 'kind_of_competitor'),
    ] -%}
    select
        month_start,
        '{{ feature | replace("'", '') }}' as feature,
        {{ feature }} as found,
        '{{ dimension }}' as dimension,
        {{ reason }} as reason,
        {{ kind }} as kind,
        sum(n_lost) as n_lost,
        sum(lost_cents) as lost_cents
    from lost
    group by all
    {{ 'union all' if not loop.last }}
    {% endfor -%}
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

final as (

    select
        by_feature.month_start,
        by_feature.feature,
        coalesce(feature_levels.level, by_feature.found) as level,
        by_feature.dimension,
        by_feature.reason,
        by_feature.kind,
        {{ whole_sum('by_feature.n_lost') }} as n_lost,
        {{ whole_sum('by_feature.lost_cents') }} as lost_cents
    from by_feature
    inner join dimensions on by_feature.dimension = dimensions.dimension
    left join {{ ref('feature_levels') }} as feature_levels
        on by_feature.feature = feature_levels.feature and by_feature.found = feature_levels.feature_value
    group by all

)

select * from final
