-- What the score model learns from and what it scores, in one table of counts.
--
-- A landmark is an age at which we ask: of the deals that were still open at this age,
-- how many were won? A row is a landmark, a combination of levels known while a deal is
-- open, and a fold. Closed deals count at every landmark they reached; `score_fold` says
-- which of them are held out together. Open deals stand at the last landmark they have
-- reached, in no fold.

{% set features = creation_features() -%}

with

deals as (

    select
        *,
        {{ score_fold('deal_id') }} as score_fold
    from {{ ref('deal_features') }}

),

landmarks as (

    {% for landmark in var('landmark_days') -%}
    select cast({{ landmark }} as bigint) as landmark_days
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

closed_profiles as (

    select
        landmarks.landmark_days,
        deals.score_fold,
        {% for feature in features -%}
        deals.{{ feature }},
        {% endfor -%}
        count(*) as n_deals,
        cast(sum(deals.is_won) as bigint) as n_won
    from deals
    inner join landmarks on deals.deal_age_days >= landmarks.landmark_days
    where not deals.is_open
    group by all

),

open_profiles as (

    select distinct
        {{ landmark_reached('deals.deal_age_days') }} as landmark_days,
        cast(null as bigint) as score_fold,
        {% for feature in features -%}
        deals.{{ feature }},
        {% endfor -%}
        cast(0 as bigint) as n_deals,
        cast(0 as bigint) as n_won
    from deals
    where deals.is_open

),

unioned as (

    select * from closed_profiles
    union all
    select * from open_profiles

),

final as (

    select
        {{ profile_id(features) }} as profile_id,
        *
    from unioned

)

select * from final
order by landmark_days, score_fold, profile_id
