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

comparisons as (

    {% for comparison in var('comparisons') -%}
    select
        '{{ comparison.name }}' as comparison,
        {{ comparison.is_primary | lower }} as is_primary,
        {{ comparison.quarters | default(0) }} as n_quarters,
        {{ comparison.months | default(0) }} as n_months,
        {{ comparison.quarters_back }} as n_quarters_back
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

later as (

    select
        comparisons.*,
        bases.basis,
        bases.first_date,
        bases.last_date,
        {{ add_quarters('bases.quarters_end', '-comparisons.n_quarters') }} as after_start,
        {{ add_days(add_months('bases.quarters_end', 'comparisons.n_months'), '-1') }} as after_end
    from comparisons
    cross join bases

),

windows as (

    select
        *,
        {{ add_quarters('after_start', '-n_quarters_back') }} as before_start,
        {{ add_days(add_quarters(add_days('after_end', '1'), '-n_quarters_back'), '-1') }} as before_end
    from later
    where after_end <= last_date

),

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
