-- Many lost deals have the loss reason 'Other', or one that is too rare to be counted by itself.

with

counts as (

    select
        sum(n_lost) as n_lost,
        sum(case when reason = 'Other' then n_lost end) as n_other
    from {{ ref('loss_counts') }}
    where feature = 'all' and dimension = 'loss_reason'

),

shares as (

    select
        n_other as n_deals,
        cast(n_other as double) / nullif(n_lost, 0) as share
    from counts
    where n_lost >= {{ var('min_outcomes') }}

),

found as (

    select
        n_deals,
        {{ as_percent('share') }} || ' of the lost deals have the loss reason ''Other'', or one of fewer than '
        || {{ as_deals(var('min_deals_per_level')) }} || ': it says little about why they were lost.' as message
    from shares
    where share > {{ var('max_other_loss_share') }}

)

{{ check_shape('found') }}
