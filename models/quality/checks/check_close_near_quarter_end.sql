-- Deals that closed so near the end of a quarter that the time zone decides which quarter it is.

with

found as (

    select
        n_near_quarter_end as n_deals,
        {{ as_deals('n_near_quarter_end') }} || ' of ' || {{ as_count('n_closed') }}
        || ' closed within 12 hours of the end of a quarter, by a moment with a time zone. They count in the quarter '
        || 'of the day that is written; set time_zone, such as Europe/Berlin, to count the days there.' as message
    from {{ ref('closes_near_quarter_ends') }}
    where n_near_quarter_end > 0

)

{{ check_shape('found') }}
