-- One row per distinct combination of levels among the closed deals. The counts of
-- won and lost deals are sufficient for a logistic regression: fitting on these rows
-- gives the estimate that fitting on deals gives.

with

closed_deals as (

    select * from {{ ref('deal_features') }} where not is_open

),

-- The newest fifth of the closed deals is held out to see how well the rest foretells it.
ordered as (

    select
        *,
        row_number() over (order by closed_date, deal_id) > 0.8 * count(*) over () as is_newest_fifth
    from closed_deals

),

final as (

    select
        {% for feature in feature_names() -%}
        {{ feature }},
        {% endfor -%}
        count(*) as n_deals,
        cast(sum(is_won) as bigint) as n_won,
        count(case when is_newest_fifth then 1 end) as n_newest_deals,
        count(case when is_newest_fifth and is_won = 1 then 1 end) as n_newest_won
    from ordered
    group by all

)

select * from final
order by all
