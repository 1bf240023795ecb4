-- As driver_profiles, of the closed deals that have a team, and by team. Without teams, no deal is read.

{% set features = creation_features() | reject('equalto', 'team') | list -%}

with

teams as (

    select
        deal_id,
        team
    from {{ ref('stg_deals') }}
    where team != 'Unknown' and not is_open

),

final as (

    select
        {% for feature in (features + ['sales_rep_id']) | unique -%}
        deals.{{ feature }},
        {% endfor -%}
        teams.team,
        coalesce({{ quarter_name('deals.assumed_closed_date', 'fiscal_calendars.start_month') }}, 'Unknown')
            as closed_quarter,
        count(*) as n_deals,
        cast(sum(deals.is_won) as bigint) as n_won
    from {{ ref('deal_features') }} as deals
    inner join teams on deals.deal_id = teams.deal_id
    cross join {{ ref('fiscal_calendars') }} as fiscal_calendars
    group by all

)

select * from final
order by all
