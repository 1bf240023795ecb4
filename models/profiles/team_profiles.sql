-- As driver_profiles, of the closed deals that have a team, and by team. Without teams, no deal is read.

with

teams as (

    select
        deal_id,
        team
    from {{ ref('stg_deals') }}
    where team != 'Unknown' and not is_open

),

deals as (

    select
        deal_features.*,
        teams.team as team_name
    from {{ ref('deal_features') }} as deal_features
    inner join teams on deal_features.deal_id = teams.deal_id

),

final as (

    select
        {% for feature in creation_features() -%}
        deals.{{ feature }},
        {% endfor -%}
        {% if 'sales_rep_id' not in creation_features() -%}
        deals.sales_rep_id,
        {% endif -%}
        deals.team_name,
        coalesce({{ quarter_name('deals.assumed_closed_date', 'fiscal_calendars.start_month') }}, 'Unknown')
            as closed_quarter,
        count(*) as n_deals,
        cast(sum(deals.is_won) as bigint) as n_won
    from deals
    cross join {{ ref('fiscal_calendars') }} as fiscal_calendars
    group by all

)

select * from final
order by all
