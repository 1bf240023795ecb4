-- Closed deals whose sales_cycle_days is not the number of days between their dates. One day of
-- difference is a matter of whether both days count.

with

disagreeing as (

    select deal_id
    from {{ ref('stg_deals') }}
    where abs(sales_cycle_days - deal_age_days) > 1 and not is_open

),

found as (

    select
        'sales_cycle_days' as feature,
        count(*) as n_deals,
        'sales_cycle_days is not the number of days from created_date to closed_date in '
        || {{ as_deals('count(*)') }} || '; the given number is used.' as message
    from disagreeing
    having count(*) > 0

)

{{ check_shape('found', provides=['feature']) }}
