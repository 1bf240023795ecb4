-- The windows of time that are compared, in whole quarters: a running quarter never is.
-- For deals by creation the windows end where deals are old enough to have closed.

with

as_of_dates as (

    select * from {{ ref('as_of_dates') }}

),

deals as (

    select * from {{ ref('stg_deals') }}

),

maturity as (

    select
        min(created_date) as first_date,
        cast(ceil(quantile_cont(case when not is_open then deal_age_days end, 0.95)) as integer)
            as maturity_days
    from deals

),

-- The first day that does not belong to a complete quarter any more.
bases as (

    select
        'closed' as basis,
        maturity.first_date,
        cast(date_trunc('quarter', {{ add_days('as_of_dates.as_of_date', '1') }}) as date) as windows_end
    from as_of_dates
    cross join maturity

    union all

    select
        'created' as basis,
        maturity.first_date,
        cast(date_trunc(
            'quarter', {{ add_days('as_of_dates.as_of_date', '1 - maturity.maturity_days') }}
        ) as date) as windows_end
    from as_of_dates
    cross join maturity

),

-- In quarters before the end: where the later window starts, and how far back the earlier one is.
comparisons as (

    {% for comparison, n_quarters, n_quarters_back in [
        ('last two quarters', 2, 2), ('last quarter', 1, 1), ('year on year', 1, 4)
    ] -%}
    select
        '{{ comparison }}' as comparison,
        {{ n_quarters }} as n_quarters,
        {{ n_quarters_back }} as n_quarters_back
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

final as (

    select
        comparisons.comparison,
        bases.basis,
        {{ add_quarters('bases.windows_end', '-(comparisons.n_quarters + comparisons.n_quarters_back)') }}
            as before_start,
        {{ add_days(add_quarters('bases.windows_end', '-comparisons.n_quarters_back'), '-1') }} as before_end,
        {{ add_quarters('bases.windows_end', '-comparisons.n_quarters') }} as after_start,
        {{ add_days('bases.windows_end', '-1') }} as after_end,
        bases.first_date
    from comparisons
    cross join bases

)

select
    comparison,
    basis,
    before_start,
    before_end,
    after_start,
    after_end
from final
-- A window that starts before the data is not whole; a week's grace for holidays.
where before_start >= {{ add_days('first_date', '-7') }}
