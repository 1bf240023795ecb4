-- What a value or a word for an outcome means, by what its spellings have in common. The user's
-- own meanings stand before those of the seeds.

with

meanings as (

    select * from {{ ref('raw_mappings') }} where kind != 'column'

),

final as (

    select
        kind,
        {{ level_key('found') }} as level_key,
        means
    from meanings
    qualify row_number() over (partition by kind, {{ level_key('found') }} order by priority, found, means) = 1

)

select * from final
