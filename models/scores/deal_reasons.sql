-- What each feature known today adds to, or takes from, a deal's win probability,
-- against the average deal of its age; and whether the drivers bear it out.

with

deal_scores as (

    select * from {{ ref('deal_scores') }} where win_probability is not null

),

drivers as (

    select * from {{ ref('win_rate_drivers') }}

),

reasons as (

    {% for feature in creation_features() -%}
    select
        deal_id,
        '{{ feature }}' as feature,
        {{ feature }} as level,
        contribution_{{ feature }} as contribution_pp
    from deal_scores
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

final as (

    select
        reasons.deal_id,
        reasons.feature,
        reasons.level,
        reasons.contribution_pp,
        case when reasons.contribution_pp >= 0 then 'helps' else 'hurts' end as direction,
        row_number() over (
            partition by reasons.deal_id
            order by abs(reasons.contribution_pp) desc, reasons.feature
        ) as rank,
        coalesce(
            drivers.evidence = case when reasons.contribution_pp >= 0 then 'helps' else 'hurts' end, false
        ) as is_borne_out
    from reasons
    left join drivers
        on reasons.feature = drivers.feature and reasons.level = drivers.level

)

select * from final
