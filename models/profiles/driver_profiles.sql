-- One row per distinct combination of the levels that are known at creation, the sales rep and the quarter of
-- closing, among the closed deals. The counts of won and lost deals are sufficient for a logistic regression:
-- a fit on these rows gives the same estimate as one on deals. There may be millions of them, so Python gets the levels
-- as deal_features has them, in DuckDB as categories.

with

closed_deals as (

    select * from {{ ref('deal_features') }} where not is_open

),

-- The latest closed deals are the holdout, on which a model of the other deals is measured. Of the deals of the day
-- with which it begins, those with the last ids are in it.
days as (

    select
        assumed_closed_date,
        count(*) as n_of_day,
        sum(count(*)) over (order by assumed_closed_date asc nulls first) as n_up_to,
        sum(count(*)) over () as n_in_all
    from closed_deals
    group by assumed_closed_date

),

shares as (

    select
        days.*,
        {{ 1 - var('holdout_share') }} * days.n_in_all as n_before_holdout,
        coalesce({{ quarter_name('days.assumed_closed_date', 'fiscal_calendars.start_month') }}, 'Unknown')
            as closed_quarter
    from days
    cross join {{ ref('fiscal_calendars') }} as fiscal_calendars

),

first_days as (

    select
        assumed_closed_date,
        n_before_holdout - (n_up_to - n_of_day) as n_before_holdout
    from shares
    where n_up_to > n_before_holdout and n_up_to - n_of_day <= n_before_holdout

),

deals_of_first_day as (

    select
        closed_deals.deal_id,
        row_number() over (order by closed_deals.deal_id asc) > first_days.n_before_holdout as is_holdout
    from closed_deals
    inner join first_days on closed_deals.assumed_closed_date is not distinct from first_days.assumed_closed_date

),

ordered as (

    select
        closed_deals.*,
        shares.closed_quarter,
        coalesce(deals_of_first_day.is_holdout, shares.n_up_to > shares.n_before_holdout) as is_holdout
    from closed_deals
    inner join shares on closed_deals.assumed_closed_date is not distinct from shares.assumed_closed_date
    left join deals_of_first_day on closed_deals.deal_id = deals_of_first_day.deal_id

),

final as (

    select
        {% for feature in creation_features() -%}
        {{ feature }},
        {% endfor -%}
        {% if 'sales_rep_id' not in creation_features() -%}
        sales_rep_id,
        {% endif -%}
        closed_quarter,
        count(*) as n_deals,
        cast(sum(is_won) as bigint) as n_won,
        count(case when is_holdout then 1 end) as n_holdout_deals,
        count(case when is_holdout and is_won = 1 then 1 end) as n_holdout_won
    from ordered
    group by all

)

select * from final
order by all
