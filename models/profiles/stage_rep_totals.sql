-- What the deals of each rep left a stage for, of those that entered it long enough ago to be followed for
-- `horizon_days`.

with

months as (

    select * from {{ ref('stage_months') }} where feature = 'sales_rep_id'

),

final as (

    select
        months.level as sales_rep_id,
        months.deal_stage,
        months.left_for,
        {{ whole_sum('months.n_deals') }} as n_deals
    from months
    cross join {{ ref('stage_horizons') }} as horizons
    cross join {{ ref('as_of_dates') }} as as_of_dates
    where
        {{ add_months('months.month_start', '1') }}
        <= {{ add_days('as_of_dates.as_of_date', '-horizons.horizon_days') }}
    group by months.level, months.deal_stage, months.left_for

)

select * from final
