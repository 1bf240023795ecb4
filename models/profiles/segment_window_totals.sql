-- Counts and total amounts of the closed deals of each level in both windows of each comparison. Windows are whole
-- months.

with

windows as (

    select * from {{ ref('comparison_windows') }} where basis = 'closed'

),

months as (

    select * from {{ ref('segment_months') }} where basis = 'closed'

),

window_months as (

    select
        windows.comparison,
        windows.is_primary,
        months.month_start < windows.after_start as is_before,
        months.feature,
        months.level,
        months.n_deals,
        months.n_won,
        months.closed_cents,
        months.won_cents
    from months
    inner join windows on {{ is_in_windows('months.month_start') }}

),

final as (

    select
        comparison,
        is_primary,
        feature,
        level,
        {{ window_sums('before', 'is_before') }},
        {{ window_sums('after', 'not is_before') }}
    from window_months
    group by comparison, is_primary, feature, level

)

select * from final
order by comparison, feature, level
