-- Counts and total amounts of the closed deals of each pair of levels of two features that are known at creation.

{% set names = creation_features() -%}

with

features as (

    {{ compared_features() }}

),

-- Deals with the same levels are in the same pairs.
profiles as (

    select
        {% for name in names -%}
        {{ name }},
        {% endfor -%}
        {{ counted_deals('amount') }}
    from {{ ref('deal_features') }}
    where not is_open
    group by all

),

pairs as (

    {% for feature_1 in names -%}
    {% for feature_2 in names[loop.index:] -%}
    select
        '{{ feature_1 }}' as feature_1,
        '{{ feature_2 }}' as feature_2
    union all
    {% endfor -%}
    {% endfor -%}
    -- Without two features there is no pair.
    select
        cast(null as {{ dbt.type_string() }}) as feature_1,
        cast(null as {{ dbt.type_string() }}) as feature_2
    where false

),

compared_pairs as (

    select pairs.*
    from pairs
    inner join features as features_1 on pairs.feature_1 = features_1.feature
    inner join features as features_2 on pairs.feature_2 = features_2.feature

),

profile_levels as (

    select
        pairs.feature_1,
        {{ level_of(names, 'pairs.feature_1', 'profiles') }} as level_1,
        pairs.feature_2,
        {{ level_of(names, 'pairs.feature_2', 'profiles') }} as level_2,
        profiles.n_deals,
        profiles.n_won,
        profiles.closed_cents,
        profiles.won_cents
    from profiles
    cross join compared_pairs as pairs

),

final as (

    select
        feature_1,
        level_1,
        feature_2,
        level_2,
        {{ total_deals() }}
    from profile_levels
    group by feature_1, level_1, feature_2, level_2

)

select * from final
