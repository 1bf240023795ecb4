-- Owners of open deals who have no team, although other deals have one.

with

deals as (

    select
        sales_rep_id,
        coalesce(owner_name, sales_rep_id) as owner,
        nullif(team, 'Unknown') as team,
        is_open
    from {{ ref('stg_deals') }}

),

has_teams as (

    select coalesce(bool_or(team is not null), false) as has_teams from deals

),

without_team as (

    select
        sales_rep_id,
        min(owner) as owner,
        count(*) as n_deals
    from deals
    where is_open and team is null and sales_rep_id != 'Unknown'
    group by sales_rep_id

),

counted as (

    select
        {{ whole_sum('n_deals') }} as n_deals,
        count(*) as n_owners,
        max_by(owner, (n_deals, sales_rep_id)) as first_owner
    from without_team

),

found as (

    select
        counted.n_deals,
        case when counted.n_owners = 1 then '1 owner' else {{ as_count('counted.n_owners') }} || ' owners' end
        || ' of ' || {{ as_count('counted.n_deals') }} || ' open deals without a team, such as '
        || {{ name_in_text('counted.first_owner') }} || ': give each a line in owners.csv.' as message
    from counted
    cross join has_teams
    where has_teams.has_teams and counted.n_owners > 0

)

{{ check_shape('found') }}
