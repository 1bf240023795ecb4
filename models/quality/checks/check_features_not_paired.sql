-- More features than pairs are looked at among.

with

known as (

    select
        timing.feature,
        timing.n_deals
    from {{ ref('feature_timing') }} as timing
    inner join {{ ref('est_feature_timing') }} as estimates on timing.feature = estimates.feature
    where estimates.known_at = 'creation'

),

paired as (

    select feature_1 as feature from {{ ref('est_segment_pairs') }}
    union
    select feature_2 as feature from {{ ref('est_segment_pairs') }}

),

counted as (

    select
        max(known.n_deals) as n_deals,
        count(paired.feature) as n_paired,
        count(*) - count(paired.feature) as n_not_paired,
        {{ text_list(feature_title('paired.feature'), ', ', 'paired.feature') }} as titles
    from known
    left join paired on known.feature = paired.feature

),

found as (

    select
        n_deals,
        'Pairs are looked at among the ' || {{ as_count('n_paired') }} || ' features with the strongest effects: '
        || titles || '. The other ' || {{ as_count('n_not_paired') }} || ' are in no pair.' as message
    from counted
    where n_paired > 0 and n_paired + n_not_paired > {{ var('max_paired_features') }}

)

{{ check_shape('found') }}
