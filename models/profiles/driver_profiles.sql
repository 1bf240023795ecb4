-- One row per distinct combination of the levels that are known at creation, the sales rep and the quarter of
-- closing, among the closed deals. The counts of won and lost deals are sufficient for a logistic regression:
-- a fit on these rows gives the same estimate as one on deals.

with

closed_deals as (

    select * from {{ ref('deal_features') }} where not is_open

),

-- The latest closed deals are the holdout, on which a model of the other deals is measured.
ordered as (

    select
        *,
        cast(row_number() over (order by assumed_closed_date asc nulls first, deal_id asc) as bigint)
        > {{ 1 - var('holdout_share') }} * count(*) over () as is_holdout
    from closed_deals

),

final as (

    select
        {% for feature in creation_features() -%}
        {{ feature }},
        {% endfor -%}
        {% if 'sales_rep_id' not in creation_features() -%}
        sales_rep_id,
        {% endif -%}
        coalesce({{ quarter_name('assumed_closed_date') }}, 'Unknown') as closed_quarter,
        count(*) as n_deals,
        cast(sum(is_won) as bigint) as n_won,
        count(case when is_holdout then 1 end) as n_holdout_deals,
        count(case when is_holdout and is_won = 1 then 1 end) as n_holdout_won
    from ordered
    group by all

)

select * from final
order by all
