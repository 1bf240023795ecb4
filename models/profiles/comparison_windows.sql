-- The windows of each comparison (`vars: comparisons`). By close date they start late enough for slow deals
-- to be among those that close, and deals close in each of their months; by creation date they end early enough
-- for their deals to have closed.

with

as_of_dates as (

    select * from {{ ref('as_of_dates') }}

),

coverage as (

    select * from {{ ref('coverage') }}

),

fiscal_calendars as (

    select * from {{ ref('fiscal_calendars') }}

),

last_dates as (

    select
        'closed' as basis,
        coverage.first_complete_closed_date as first_date,
        as_of_dates.as_of_date as last_date
    from as_of_dates
    cross join coverage

    union all

    select
        'created' as basis,
        coverage.first_complete_created_date as first_date,
        {{ add_days('as_of_dates.as_of_date', '-coverage.maturity_days') }} as last_date
    from as_of_dates
    cross join coverage

),

bases as (

    select
        last_dates.*,
        {{ whole_quarters_end('last_dates.last_date', 'fiscal_calendars.start_month') }} as quarters_end
    from last_dates
    cross join fiscal_calendars

),

{{ compared_windows('bases') }},

covered as (

    select
        windows.comparison,
        windows.is_primary,
        windows.basis,
        windows.first_date,
        windows.before_start,
        windows.before_end,
        windows.after_start,
        windows.after_end,
        2 * (3 * windows.n_quarters + windows.n_months) as n_months_of_windows,
        count(closed_months.month_start) as n_closed_months
    from windows
    left join {{ ref('closed_months') }} as closed_months
        on {{ is_in_windows('closed_months.month_start') }}
    where windows.before_start >= windows.first_date
    group by all

),

final as (

    select
        comparison,
        is_primary,
        basis,
        first_date,
        before_start,
        before_end,
        after_start,
        after_end,
        {{ add_quarters('before_start', '-4') }} >= first_date as has_year_ago
    from covered
    where basis = 'created' or n_closed_months = n_months_of_windows

)

select * from final
