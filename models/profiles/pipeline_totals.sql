-- Counts and total amounts of the open deals, of those that are stalled, and of the deals created in the
-- last complete quarter, the one before and the one a year before; in one row. A quarter that the data
-- do not cover is null.

{% set quarters = [('last_quarter', 1), ('quarter_before', 2), ('year_before', 5)] -%}

with

staged_deals as (

    {{ staged_deals() }}

),

deals as (

    select
        *,
        {{ days_in_stage() }} as days_in_stage
    from staged_deals

),

as_of_dates as (

    select
        as_of_dates.as_of_date,
        {{ whole_quarters_end('as_of_dates.as_of_date', 'fiscal_calendars.start_month') }} as quarters_end,
        fiscal_calendars.start_month
    from {{ ref('as_of_dates') }} as as_of_dates
    cross join {{ ref('fiscal_calendars') }} as fiscal_calendars

),

-- Without a threshold of its own, the rule takes what most won deals did not need, and no more than a share of the
-- open deals.
durations as (

    select
        percentile_cont({{ var('stalled_won_share') }}) within group (
            order by case when is_won = 1 then {{ lived_cycle_days() }} end
        ) as won_days,
        percentile_cont({{ 1 - var('max_alert_share') }}) within group (
            order by case when is_open then days_in_stage end
        ) as open_days
    from deals

),

stalled_rule as (

    select coalesce(rules.threshold_value, ceil(greatest(durations.won_days, durations.open_days))) as stalled_days
    from durations
    left join {{ ref('alert_rules') }} as rules on rules.condition = 'deal_stalled'

),

first_dates as (

    select {{ first_complete_date('min(created_date)') }} as first_complete_date from deals

),

-- Quarters by their distance from the last complete one.
quarters as (

    {% for quarter, n_back in quarters -%}
    select
        '{{ quarter }}' as quarter_name,
        {{ add_quarters('quarters_end', -n_back) }} as first_day,
        {{ add_days(add_quarters('quarters_end', 1 - n_back), '-1') }} as last_day
    from as_of_dates
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

created as (

    select
        quarters.quarter_name,
        count(deals.deal_id) as n_created,
        {{ sum_amount('deals.deal_amount') }} as amount,
        cast(coalesce(sum(
            cast({{ cents('deals.deal_amount') }} as decimal(19, 0))
            * cast({{ cents('deals.deal_amount') }} as decimal(19, 0))
        ), 0) as double) / 10000 as squared_amount
    from quarters
    cross join first_dates
    left join deals on deals.created_date between quarters.first_day and quarters.last_day
    where quarters.first_day >= first_dates.first_complete_date
    group by quarters.quarter_name

),

created_in_one_row as (

    select
        {% for quarter, _ in quarters -%}
        max(case when quarter_name = '{{ quarter }}' then n_created end) as n_created_{{ quarter }},
        max(case when quarter_name = '{{ quarter }}' then amount end) as created_amount_{{ quarter }},
        max(case when quarter_name = '{{ quarter }}' then squared_amount end) as squared_amount_{{ quarter }},
        {% endfor -%}
        count(*) as n_quarters
    from created

),

totals as (

    select
        count(deals.is_won) as n_deals,
        cast(coalesce(sum(deals.is_won), 0) as bigint) as n_won,
        count(case when deals.is_open then 1 end) as n_open_deals,
        {{ sum_amount('case when deals.is_open then deals.deal_amount end') }} as open_amount,
        {{ sum_amount(
            'case when deals.is_open and deals.days_in_stage > stalled_rule.stalled_days then deals.deal_amount end'
        ) }} as stalled_amount,
        max(stalled_rule.stalled_days) as stalled_days
    from deals
    left join stalled_rule on true

),

final as (

    select
        as_of_dates.as_of_date,
        {{ add_quarters('as_of_dates.quarters_end', '-1') }} as last_quarter_start,
        {{ add_days('as_of_dates.quarters_end', '-1') }} as last_quarter_end,
        {{ quarter_name(add_quarters('as_of_dates.quarters_end', '-1'), 'as_of_dates.start_month') }} as last_quarter,
        totals.*,
        created_in_one_row.*
    from as_of_dates
    cross join totals
    cross join created_in_one_row

)

select * from final
