-- Most lost deals have no loss reason, although the export has reasons.

with

shares as (

    {{ lost_deals_with('Unknown') }}

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
