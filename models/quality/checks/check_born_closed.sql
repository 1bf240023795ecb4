-- Deals that closed when they were created: entered when they were decided already.

with

counted as (

    select
        count(*) as n_deals,
        count(case when is_born_closed then 1 end) as n_born_closed,
        sum(case when is_born_closed then is_won end) as n_won
    from {{ ref('stg_deals') }}
    where not is_open

),

rates as (

    select
        *,
        {{ win_rate('n_won', 'n_born_closed') }} as win_rate
    from counted

),

found as (

    select
        n_born_closed as n_deals,
        {{ as_deals('n_born_closed') }} || ' of ' || {{ as_count('n_deals') }}
        || ' closed within ' || {{ as_days(var('born_closed_days')) }} || ' of their creation, and '
        || {{ as_percent('win_rate') }} || ' of them were won: they were entered when they were decided. '
        || 'They count in win rates, and not in sales cycles and scores.' as message
    from rates
    where n_born_closed >= {{ var('min_deals_per_level') }}

)

{{ check_shape('found') }}
