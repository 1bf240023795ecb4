-- Closed deals without a usable date, in an export that has such dates: they count in all figures but those by that
-- date. Where they were won more or less often than the others, figures by that date are off by as much.

with

closed_deals as (

    select * from {{ ref('stg_deals') }} where not is_open

),

counted as (

    {% for date in basis_dates().values() -%}
    select
        '{{ date }}' as date_column,
        count(*) as n_closed,
        sum(is_won) as n_won,
        count({{ date }}) as n_dated,
        sum(case when {{ date }} is not null then is_won end) as n_dated_won
    from closed_deals
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

rates as (

    select
        date_column,
        n_closed - n_dated as n_undated,
        cast(n_won - n_dated_won as double) / nullif(n_won, 0) as share_of_won,
        cast(n_closed - n_won - (n_dated - n_dated_won) as double) / nullif(n_closed - n_won, 0) as share_of_lost,
        {{ win_rate('n_won', 'n_closed') }} as win_rate,
        {{ win_rate('n_dated_won', 'n_dated') }} as win_rate_of_dated
    from counted
    where n_dated > 0 and n_dated < n_closed

),

found as (

    select
        n_undated as n_deals,
        case when 100 * abs(win_rate_of_dated - win_rate) >= {{ var('min_effect_pp') }} then 'warning' else 'info' end
            as severity,
        {{ as_count('n_undated') }} || case n_undated when 1 then ' closed deal has' else ' closed deals have' end
        || ' no usable ' || case date_column when 'closed_date' then 'close date' else 'creation date' end
        || ': ' || {{ as_percent('coalesce(share_of_won, 0)') }}
        || ' of the won and ' || {{ as_percent('coalesce(share_of_lost, 0)') }}
        || ' of the lost deals. They count in win rates, drivers and scores, and not in figures by '
        || case date_column when 'closed_date' then 'close date' else 'creation date' end
        || ', where ' || {{ as_percent('win_rate_of_dated') }} || ' are won instead of '
        || {{ as_percent('win_rate') }} || '.' as message
    from rates

)

{{ check_shape('found', provides=['severity']) }}
