-- The counts that the score models are fitted on, and the profiles that they score.
--
-- A landmark is an age in days: of the deals that were still open at this age, how many were won? One row
-- per landmark, fold and combination of levels known while a deal is open. Closed deals count at every
-- landmark they reached, unless they closed when they were created, in the fold `score_fold` of the
-- cross-validation. Open deals have the last landmark they reached, and no fold.

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
    inner join landmarks on coalesce(deals.deal_age_days >= landmarks.landmark_days, true)
    where not deals.is_open and not deals.is_born_closed
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
        landmark_days,
        score_fold,
        {{ as_text(features) -}}
        n_deals,
        n_won
    from unioned

)

select * from final
order by landmark_days asc, score_fold asc nulls last, profile_id asc
