-- Many lost deals have the loss reason 'Other', or one that is too rare to be counted by itself.

with

shares as (

    {{ lost_deals_with('Other') }}

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
