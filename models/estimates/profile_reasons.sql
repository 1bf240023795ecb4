-- The contribution of each feature known at creation, and of the stage of the day, to the win probability of a
-- profile, against the average deal of the same age. A feature is a reason where the drivers confirm it. The stage
-- is one where the scores use it at all, because on past deals it made them better, and where it counts for more
-- than a negligible effect.

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
        end as contribution_pp,
        false as is_state
    from profile_scores as profiles
    cross join features
    {% for state in explained_states() %}
    union all
    select
        score_id,
        '{{ {'stage_then': 'deal_stage', 'stage_days_then': 'days_in_stage'}[state] }}' as feature,
        cast({{ state }} as {{ dbt.type_string() }}) as level,
        contribution_{{ state }} as contribution_pp,
        true as is_state
    from profile_scores
    where contribution_{{ state }} is not null and {{ state }} != 'at creation'
    {% endfor %}
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
        case when reasons.is_state then abs(reasons.contribution_pp) >= {{ var('min_effect_pp') }} else coalesce(
            drivers.evidence = case when reasons.contribution_pp >= 0 then 'helps' else 'hurts' end, false
        ) end as is_borne_out
    from reasons
    left join drivers
        on reasons.feature = drivers.feature and reasons.level = drivers.level

)

select * from final
