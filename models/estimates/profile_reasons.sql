-- The contribution of each feature known while a deal is open to the win probability of a profile, against the
-- average deal of the same age; and whether the drivers confirm it.

{% set names = creation_features() -%}

with

profile_scores as (

    select * from {{ ref('profile_scores') }} where win_probability is not null

),

drivers as (

    select * from {{ ref('win_rate_drivers') }}

),

features as (

    select feature from {{ ref('est_feature_timing') }} where known_at = 'creation'

),

reasons as (

    select
        profiles.score_id,
        features.feature,
        {{ level_of(names, deals='profiles') }} as level,
        case features.feature
            {%- for name in names %}
            when '{{ name }}' then profiles.contribution_{{ name }}
            {%- endfor %}
        end as contribution_pp
    from profile_scores as profiles
    cross join features

),

final as (

    select
        reasons.score_id,
        reasons.feature,
        reasons.level,
        reasons.contribution_pp,
        case when reasons.contribution_pp >= 0 then 'helps' else 'hurts' end as direction,
        cast(row_number() over (
            partition by reasons.score_id
            order by abs(reasons.contribution_pp) desc nulls last, reasons.feature asc
        ) as bigint) as rank,
        coalesce(
            drivers.evidence = case when reasons.contribution_pp >= 0 then 'helps' else 'hurts' end, false
        ) as is_borne_out
    from reasons
    left join drivers
        on reasons.feature = drivers.feature and reasons.level = drivers.level

)

select * from final
