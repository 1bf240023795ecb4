-- Counts and total amounts of the closed deals of each pair of levels of the two features that were looked at as pairs.

{% set names = creation_features() -%}

with

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

    select distinct
        feature_1,
        feature_2
    from {{ ref('est_segment_pairs') }}

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
    cross join pairs

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
