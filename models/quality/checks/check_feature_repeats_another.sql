-- A feature that is determined by features before it in the list.

with

found as (

    select
        feature,
        sum(n_deals) as n_deals,
        {{ feature_title('feature') }} || ' ' || replace(max(left_out_because), '_', ' ')
        || ': it is left out of the drivers, because the two effects cannot be separated.' as message
    from {{ ref('win_rate_drivers') }}
    group by feature
    having count(case when {{ is_left_out_by(['repeats']) }} then 1 end) = count(*)

)

{{ check_shape('found', provides=['feature']) }}
