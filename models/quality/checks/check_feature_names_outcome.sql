-- Target leakage: the levels of a feature say whether a deal was won or lost.

with

found as (

    select
        feature,
        sum(n_deals) as n_deals,
        {{ feature_title('feature') }}
        || ' leaks the outcome: its levels are set when a deal is won or lost. '
        || 'It is left out of the drivers and the scores.' as message
    from {{ ref('win_rate_drivers') }}
    where {{ is_left_out_by(['leaks_outcome']) }}
    group by feature

)

{{ check_shape('found', provides=['feature']) }}
