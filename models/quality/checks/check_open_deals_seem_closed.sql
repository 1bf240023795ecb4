-- Open deals that may be closed ones whose outcome is not known: those of a stage whose close dates are past while
-- those of other stages are not, or all, where no deal was lost.

with

deals as (

    select * from {{ ref('stg_deals') }}

),

open_deals as (

    select
        deal_stage,
        coalesce(expected_close_date < as_of_date, false) as is_overdue,
        coalesce(expected_close_date < {{ add_days('as_of_date', -var('long_overdue_days')) }}, false)
            as is_long_overdue
    from deals
    where is_open

),

stages as (

    select
        'deal_stage' as feature,
        deal_stage as level,
        count(*) as n_deals,
        count(case when is_overdue then 1 end) as n_overdue,
        count(case when is_long_overdue then 1 end) as n_long_overdue
    from open_deals
    group by deal_stage

),

totals as (

    select
        cast(sum(n_deals) as bigint) as n_open,
        cast(sum(n_overdue) as bigint) as n_open_overdue,
        cast(sum(n_long_overdue) as bigint) as n_open_long_overdue
    from stages

),

outcomes as (

    select
        count(case when outcome = 'Won' then 1 end) as n_won,
        count(case when outcome = 'Lost' then 1 end) as n_lost
    from deals

),

found as (

    -- Nearly all close dates of the stage are past, and most of those of other stages are not.
    select
        stages.feature,
        stages.level,
        stages.n_deals,
        {{ level_title('stages.feature', 'stages.level') }} || ': the close date is past in '
        || {{ as_count('stages.n_overdue') }} || ' of ' || {{ as_count('stages.n_deals') }} || ' open deals, and in '
        || {{ as_count('totals.n_open_overdue - stages.n_overdue') }} || ' of '
        || {{ as_count('totals.n_open - stages.n_deals') }}
        || ' in other stages: if the stage means Won or Lost, say so in MAPPING.' as message
    from stages
    cross join totals
    where
        stages.level != 'Unknown'
        and stages.n_deals >= {{ var('min_deals_per_level') }}
        and stages.n_overdue >= 0.95 * stages.n_deals
        and stages.n_long_overdue >= 0.5 * stages.n_deals
        and totals.n_open_overdue - stages.n_overdue < 0.5 * (totals.n_open - stages.n_deals)

    union all

    select
        cast(null as string) as feature,
        cast(null as string) as level,
        totals.n_open as n_deals,
        'No deal was lost, and the close date of ' || {{ as_count('totals.n_open_overdue') }} || ' of '
        || {{ as_count('totals.n_open') }} || ' open deals is past: lost deals may be without an outcome in the export.'
            as message
    from totals
    cross join outcomes
    where
        totals.n_open >= {{ var('min_deals_per_level') }}
        and totals.n_open_long_overdue >= 0.5 * totals.n_open
        and outcomes.n_lost = 0
        and outcomes.n_won > 0

)

{{ check_shape('found', provides=['feature', 'level'], severity='warning') }}
