-- Most lost deals have no loss reason, although the export has reasons.

with

counts as (

    select
        sum(n_lost) as n_lost,
        sum(case when reason = 'Unknown' then n_lost end) as n_missing
    from {{ ref('loss_counts') }}
    where feature = 'all' and dimension = 'loss_reason'

),

shares as (

    select
        n_missing as n_deals,
        cast(n_missing as double) / nullif(n_lost, 0) as share
    from counts
    where n_lost >= {{ var('min_outcomes') }}

),

found as (

    select
        n_deals,
        {{ as_percent('share') }} || ' of the lost deals have no loss reason: a reason whose share rises may only be '
        || 'filled in more often.' as message
    from shares
    where share > {{ var('max_missing_loss_share') }}

)

{{ check_shape('found') }}
