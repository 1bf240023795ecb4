-- Counts and total amounts of the closed deals of each level by quarter, by close date and by creation
-- date. `quarter` is the key that Python gets, the name of the quarter.

with

months as (

    select
        segment_months.*,
        {{ quarter_start('segment_months.month_start', 'fiscal_calendars.start_month') }} as period_start,
        fiscal_calendars.start_month
    from {{ ref('segment_months') }} as segment_months
    cross join {{ ref('fiscal_calendars') }} as fiscal_calendars

),

totals as (

    select
        basis,
        period_start,
        start_month,
        feature,
        level,
        {{ total_deals() }}
    from months
    group by basis, period_start, start_month, feature, level

),

final as (

    select
        basis,
        {{ quarter_name('period_start', 'start_month') }} as quarter,
        period_start,
        feature,
        level,
        n_deals,
        n_won,
        closed_amount,
        won_amount
    from totals

)

select * from final
order by basis, period_start, feature, level
