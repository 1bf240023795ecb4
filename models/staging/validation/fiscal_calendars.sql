-- The month in which the fiscal year starts, in one row: the one that the setting states; else the one with which the
-- fiscal periods of the closed deals agree, 95% of them or more and with no other month; else January. Of a period only
-- the number of its quarter counts: CRMs name a fiscal year by the year in which it starts, or in which it ends.

{% set stated_month = var('fiscal_year_start_month') -%}

with

periods as (

    select
        extract(month from close_date) as close_month,
        fiscal_quarter,
        count(*) as n_deals
    from {{ ref('checked_rows') }}
    where reject_code is null and not is_open and close_date is not null and fiscal_quarter is not null
    group by close_month, fiscal_quarter

),

start_months as (

    {% for month in range(1, 13) -%}
    select {{ month }} as start_month
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

agreements as (

    select
        start_months.start_month,
        sum(periods.n_deals) as n_periods,
        sum(case
            when {{ quarter_of_month('periods.close_month', 'start_months.start_month') }} = periods.fiscal_quarter
                then periods.n_deals
            else 0
        end) as n_agreeing
    from start_months
    cross join periods
    group by start_months.start_month

),

best as (

    select
        cast(coalesce(max(n_periods), 0) as bigint) as n_periods,
        cast(coalesce(max(n_agreeing), 0) as bigint) as n_agreeing,
        max_by(start_month, (n_agreeing, -start_month)) as best_month,
        count(case when n_agreeing >= 0.95 * n_periods then 1 end) as n_possible_months
    from agreements

),

inferred as (

    select
        *,
        case when n_possible_months = 1 and n_periods >= {{ enough_dates() }} then best_month end as inferred_month
    from best

),

final as (

    select
        cast({{ stated_month or 'coalesce(inferred_month, 1)' }} as bigint) as start_month,
        {% if stated_month -%}
        'setting' as start_month_from,
        {% else -%}
        case when inferred_month is not null then 'fiscal periods' else 'default' end as start_month_from,
        {% endif -%}
        cast(inferred_month as bigint) as inferred_month,
        cast(best_month as bigint) as best_month,
        n_periods,
        n_agreeing,
        n_possible_months
    from inferred

)

select * from final
