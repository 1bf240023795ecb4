-- Target leakage: the levels of a feature say whether a deal was won or lost, or predict it too well.

with

found as (

    select
        feature,
        sum(n_deals) as n_deals,
        case max(left_out_code) when 'suspected_leak' then 'warning' else 'info' end as severity,
        {{ feature_title('feature') }}
        || case max(left_out_code)
            when 'suspected_leak'
                then
                    ' is suspected to leak the outcome: it predicts it too well to be known before. '
                    || 'It is left out of the drivers, causes and scores; check when it is filled in.'
            else
                ' leaks the outcome: its levels are set when a deal is won or lost. '
                || 'It is left out of the drivers and the scores.'
        end as message
    from {{ ref('win_rate_drivers') }}
    where {{ is_left_out_by(['leaks_outcome', 'suspected_leak']) }}
    group by feature

)

{{ check_shape('found', provides=['feature', 'severity']) }}
