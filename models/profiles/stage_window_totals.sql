-- Of the deals that entered a stage in each window of a comparison, what they left it for: for all deals, for each rep
-- and, in the primary comparison, for each level of the features known at creation. Windows are whole months.
-- With the sums of their days in it, and of the squares of these.

with

windows as (

    select * from {{ ref('stage_windows') }}

),

months as (

    select * from {{ ref('stage_months') }}

),

final as (

    select
        windows.comparison,
        windows.is_primary,
        windows.before_name,
        windows.after_name,
        windows.horizon_days,
        months.feature,
        months.level,
        months.deal_stage,
        months.left_for,
        {{ whole_sum('case when months.month_start < windows.after_start then months.n_deals end') }} as n_before,
        {{ whole_sum('case when months.month_start >= windows.after_start then months.n_deals end') }} as n_after,
        {{ whole_sum('case when months.month_start < windows.after_start then months.days end') }} as days_before,
        {{ whole_sum('case when months.month_start >= windows.after_start then months.days end') }} as days_after,
        {{ whole_sum('case when months.month_start < windows.after_start then months.squared_days end') }}
            as squared_days_before,
        {{ whole_sum('case when months.month_start >= windows.after_start then months.squared_days end') }}
            as squared_days_after
    from months
    inner join windows on {{ is_in_windows('months.month_start') }}
    where months.feature in ('all', 'sales_rep_id') or windows.is_primary
    group by all

)

select * from final
