-- Pipelines or types of deals with win rates of their own, which the build takes together.

with

pooled_deals as (

    select * from {{ ref('pooled_deals') }}

),

found as (

    select
        cast(sum(n_deals) as bigint) as n_deals,
        column_name || ': win rates differ beyond chance, '
        || {{ text_list("level || ' ' || " ~ as_percent('win_rate') ~ " || ' of ' || " ~ as_deals('n_deals'),
            ', ', 'n_deals desc, level asc') }}
        || ', and are pooled: build one at a time with SCOPE="' || column_name || '='
        || max_by(level, (n_deals, level)) || '", or add ' || column_name || ' to features.' as message
    from pooled_deals
    group by column_name

)

{{ check_shape('found', severity='warning') }}
