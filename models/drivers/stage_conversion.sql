with

amounts as (

    select
        feature,
        level,
        quarter_start,
        deal_stage,
        coalesce(sum(case when left_for = 'Lost' then amount_cents end), 0) as lost_cents,
        coalesce(sum(case when left_for is null then amount_cents end), 0) as open_cents
    from {{ ref('stage_exits') }}
    group by feature, level, quarter_start, deal_stage

),

-- The amounts of all quarters are those of all deals.
grouped_amounts as (

    select
        feature,
        level,
        quarter_start,
        deal_stage,
        lost_cents,
        open_cents
    from amounts
    union all
    select
        feature,
        level,
        cast(null as date) as quarter_start,
        deal_stage,
        sum(lost_cents) as lost_cents,
        sum(open_cents) as open_cents
    from amounts
    where feature = 'all'
    group by feature, level, deal_stage

),

estimates as (

    select
        *,
        cast(quarter_start as date) as quarter_day
    from {{ ref('est_stage_conversion') }}

),

final as (

    select
        case when estimates.feature != 'all' then estimates.feature end as feature,
        case when estimates.feature != 'all' then estimates.level end as level,
        estimates.quarter_day as quarter_start,
        case
            when estimates.quarter_day is not null
                then {{ quarter_name('estimates.quarter_day', 'fiscal_calendars.start_month') }}
        end as quarter,
        estimates.deal_stage,
        estimates.stage_order,
        estimates.n_entered,
        estimates.n_went_on,
        estimates.n_went_back,
        estimates.n_lost,
        estimates.n_still_there,
        cast(amounts.lost_cents as double) / 100 as lost_amount,
        cast(amounts.open_cents as double) / 100 as open_amount,
        horizons.horizon_days,
        {% for share in ['went_on', 'went_back', 'lost', 'still_there'] -%}
        {% for end in ['', '_low', '_high'] -%}
        estimates.{{ share }}_rate{{ end }},
        {% endfor -%}
        {% endfor -%}
        estimates.median_days,
        estimates.median_days_low,
        estimates.median_days_high
    from estimates
    cross join {{ ref('stage_horizons') }} as horizons
    cross join {{ ref('fiscal_calendars') }} as fiscal_calendars
    inner join grouped_amounts as amounts
        on
            estimates.feature = amounts.feature
            and estimates.level = amounts.level
            and coalesce(estimates.quarter_day, date '1900-01-01') = coalesce(amounts.quarter_start, date '1900-01-01')
            and estimates.deal_stage = amounts.deal_stage

)

select * from final
order by feature nulls first, level, quarter_start nulls first, stage_order
