-- Over the levels of each feature that is compared, mix and rate effects sum to the change of the overall win rate.

with

changes as (

    select * from {{ ref('win_rate_change') }} where basis = 'closed'

),

features as (

    {{ compared_features() }}

),

effects as (

    select
        comparison,
        feature,
        sum(mix_effect_pp + rate_effect_pp) as mix_and_rate_pp,
        sum(total_effect_pp) as total_pp
    from {{ ref('win_rate_change_segments') }}
    group by comparison, feature

)

select
    changes.comparison,
    features.feature,
    changes.change_pp,
    effects.mix_and_rate_pp,
    effects.total_pp
from changes
cross join features
left join effects
    on changes.comparison = effects.comparison and features.feature = effects.feature
where
    (changes.change_pp is null) != (effects.total_pp is null)
    or abs(effects.total_pp - changes.change_pp) > 1e-9
    or abs(effects.mix_and_rate_pp - changes.change_pp) > 1e-9
