-- A feature whose missing values know the outcome: it is taken as known only at close.

with

found as (

    select
        feature,
        n_deals,
        {{ feature_title('feature') }} || ' is empty in '
        || case
            when differs_by_outcome
                then
                    {{ as_percent('missing_share_won') }} || ' of won and '
                    || {{ as_percent('missing_share_lost') }} || ' of lost deals'
            else
                {{ as_percent('missing_share_open') }} || ' of open deals of some age and '
                || {{ as_percent('missing_share_closed') }} || ' of closed deals'
        end
        || ': it is filled in when the outcome is known. It is treated as known only at close: no driver, score '
        || 'or cause rests on it.' as message
    from {{ ref('feature_timing') }}
    where
        (differs_by_outcome or is_filled_in_late)
        and feature not in ({{ quoted_list(var('known_at_close') or ['']) }})

)

{{ check_shape('found', provides=['feature']) }}
