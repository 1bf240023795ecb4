-- Every level of a closed deal has a row in win_rate_drivers, with the same counts as in level_totals.

with

levels as (

    select * from {{ ref('level_totals') }} where n_deals > 0

),

drivers as (

    select * from {{ ref('win_rate_drivers') }}

)

select
    levels.feature,
    levels.level,
    levels.n_deals,
    drivers.n_deals as n_deals_in_drivers
from levels
full outer join drivers
    on levels.feature = drivers.feature and levels.level = drivers.level
where
    levels.n_deals is distinct from drivers.n_deals
    or levels.n_won is distinct from drivers.n_won
