-- What a value or a word for an outcome means, by the key that its spellings share. The user's own
-- mappings take precedence over those of the seeds.

with

mappings as (

    select
        kind,
        found,
        {{ nfc('found') }} as found_nfc,
        {{ nfc('means') }} as means,
        priority
    from {{ ref('raw_mappings') }}
    where kind != 'column'

),

keyed as (

    select
        *,
        {{ level_key('found_nfc') }} as level_key
    from mappings

),

final as (

    select
        kind,
        level_key,
        means
    from keyed
    qualify row_number() over (partition by kind, level_key order by priority, found, means) = 1

)

select * from final
