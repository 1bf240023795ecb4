-- Columns in which cells could not be parsed, in rows that are used all the same.

with

found as (

    select
        case when column_name in ({{ quoted_list(feature_names()) }}) then column_name end as feature,
        count(*) as n_deals,
        column_name || ' could not be parsed in ' || {{ as_deals('count(*)') }} || ', such as '''
        || min(cell) || ''': the value counts as missing.' as message
    from {{ ref('unparsed_cells') }}
    group by column_name

)

{{ check_shape('found', provides=['feature']) }}
