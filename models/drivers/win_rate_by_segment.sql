-- Text is cast because a table that Python leaves empty has no types, dates because Python made them moments.

with

segments as (

    select * from {{ ref('est_win_rate_by_segment') }}

),

quarters as (

    select * from {{ ref('win_rate_trend') }} where grain = 'quarter'

),

final as (

    select
        cast(segments.basis as string) as basis,
        cast(segments.period_start as date) as period_start,
        cast(segments.feature as string) as feature,
        cast(segments.level as string) as level,
        segments.n_deals,
        segments.n_won,
        cast(segments.n_won as double) / nullif(segments.n_deals, 0) as win_rate,
        {{ wilson_low('segments.n_won', 'segments.n_deals') }} as win_rate_low,
        {{ wilson_high('segments.n_won', 'segments.n_deals') }} as win_rate_high,
        segments.shrunk_win_rate,
        segments.won_amount / nullif(segments.closed_amount, 0) as amount_weighted_win_rate,
        quarters.is_complete
    from segments
    inner join quarters
        on segments.basis = quarters.basis and cast(segments.period_start as date) = quarters.period_start

)

select * from final
order by basis, period_start, feature, level
