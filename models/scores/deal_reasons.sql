-- What each feature known today adds to, or takes from, a deal's win probability,
-- against the average deal of its age. A view: it has as many rows as deals times features.

with

deal_scores as (

    select * from {{ ref('deal_scores') }} where win_probability is not null

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
        deal_id,
        feature,
        level,
        contribution_pp,
        case when contribution_pp >= 0 then 'helps' else 'hurts' end as direction,
        row_number() over (partition by deal_id order by abs(contribution_pp) desc, feature) as rank
    from reasons

)

select * from final
