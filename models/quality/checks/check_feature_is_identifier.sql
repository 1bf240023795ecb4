-- A feature of which nearly every deal has a value of its own, such as the name of the account.

with

found as (

    select
        feature,
        n_deals,
        'warning' as severity,
        {{ feature_title('feature') }} || ' has ' || {{ as_count('n_identifier_values') }} || ' values in '
        || {{ as_deals('n_deals') }} || ': it is an identifier, and is left out everywhere.' as message
    from {{ ref('feature_timing') }}
    where n_identifier_values is not null

)

{{ check_shape('found', provides=['feature', 'severity']) }}
