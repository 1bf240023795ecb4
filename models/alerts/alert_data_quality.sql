-- The share of rejected rows, or of missing values in a column, is larger than the threshold.

with

rule as (

    {{ alert_rule() }}

),

missing_values as (

    select
        *,
        n_gaps / nullif(n_rows, 0) as missing_share
    from {{ ref('missing_values') }}

),

incomplete as (

    select
        missing_values.entity_type,
        missing_values.entity_id,
        missing_values.missing_share as observed_value,
        missing_values.n_rows as n_deals,
        case missing_values.entity_type
            when 'export' then 'Export: '
            else 'Column ' || missing_values.entity_id || ': '
        end
        || {{ as_percent('missing_values.missing_share') }} || ' of ' || {{ as_count('missing_values.n_rows') }}
        || case missing_values.entity_type when 'export' then ' rows were rejected' else ' values are missing' end
        || ', more than ' || {{ as_percent('rule.threshold_value') }} as message
    from missing_values
    cross join rule
    where
        missing_values.missing_share > rule.threshold_value
        and missing_values.n_rows >= rule.min_deals

)

{{ alert_shape('incomplete', provides=['n_deals']) }}
