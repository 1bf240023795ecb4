-- The windows of each comparison (`vars: comparisons`), in whole quarters. By creation date the windows
-- end early enough for their deals to have closed.

with

as_of_dates as (

    select * from {{ ref('as_of_dates') }}

),

deals as (

    select * from {{ ref('stg_deals') }}

),

maturity as (

    select
        {{ first_complete_date('min(created_date)') }} as first_complete_date,
        cast(ceil(
            percentile_cont(0.95) within group (order by case when not is_open then deal_age_days end)
        ) as integer) as maturity_days
    from deals

),

bases as (

    select
        'closed' as basis,
        maturity.first_complete_date,
        {{ whole_quarters_end('as_of_dates.as_of_date') }} as windows_end
    from as_of_dates
    cross join maturity

    union all

    select
        'created' as basis,
        maturity.first_complete_date,
        {{ whole_quarters_end(add_days('as_of_dates.as_of_date', '-maturity.maturity_days')) }} as windows_end
    from as_of_dates
    cross join maturity

),

comparisons as (

    {% for comparison in var('comparisons') -%}
    select
        '{{ comparison.name }}' as comparison,
        {{ comparison.is_primary | lower }} as is_primary,
        {{ comparison.quarters }} as n_quarters,
        {{ comparison.quarters_back }} as n_quarters_back
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

windows as (

    select
        comparisons.comparison,
        comparisons.is_primary,
        bases.basis,
        {{ add_quarters('bases.windows_end', '-(comparisons.n_quarters + comparisons.n_quarters_back)') }}
            as before_start,
        {{ add_days(add_quarters('bases.windows_end', '-comparisons.n_quarters_back'), '-1') }} as before_end,
        {{ add_quarters('bases.windows_end', '-comparisons.n_quarters') }} as after_start,
        {{ add_days('bases.windows_end', '-1') }} as after_end,
        bases.first_complete_date
    from comparisons
    cross join bases

),

final as (

    select
        comparison,
        is_primary,
        basis,
        before_start,
        before_end,
        after_start,
        after_end
    from windows
    where before_start >= first_complete_date

)

select * from final
