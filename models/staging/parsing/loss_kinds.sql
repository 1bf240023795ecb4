-- Every loss reason and every competitor that the export names, with its kind: 'no decision', 'lost to a competitor' or
-- 'other', by the words in it (seeds/loss_reason_words.csv). The user's own words take precedence over those of the
-- seed, and more words over fewer: 'lost to no decision' is no decision. A competitor of whom no word is known is one.

with

kind_words as (

    select
        {{ nfc('found') }} as found_nfc,
        means as kind,
        -priority as precedence
    from {{ ref('raw_mappings') }}
    where kind = 'loss_kind'

),

spaced_kinds as (

    select
        *,
        {{ spaced_words('found_nfc') }} as words
    from kind_words

),

spaced_levels as (

    select distinct
        column_name,
        level,
        {{ spaced_words('level') }} as words
    from {{ ref('level_mappings') }}
    where column_name in ('loss_reason', 'competitor')

),

matched as (

    select
        spaced_levels.column_name,
        spaced_levels.level,
        max_by(
            spaced_kinds.kind, (spaced_kinds.precedence, length(spaced_kinds.words), spaced_kinds.kind)
        ) as kind
    from spaced_levels
    left join spaced_kinds on position(spaced_kinds.words in spaced_levels.words) > 0
    group by spaced_levels.column_name, spaced_levels.level

),

final as (

    select
        column_name,
        level,
        case
            when lower(level) in ({{ quoted_list(var('null_values_that_are_levels') or ['']) }}) then 'other'
            when column_name = 'competitor' then coalesce(kind, 'lost to a competitor')
            else coalesce(kind, 'other')
        end as kind
    from matched

)

select * from final
