-- Values in the scope of the build that no row of the export has.

with

found as (

    select
        cast(0 as bigint) as n_deals,
        'no deal has the ' || column_name || ' ''' || {{ brief('value', 60) }} || ''', which SCOPE names.' as message
    from {{ ref('unused_scope_values') }}

)

{{ check_shape('found', severity='warning') }}
