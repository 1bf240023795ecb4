-- What the state does not have on record yet: the deals that this export shows for the first time, with another value
-- or no longer. Where the state has a later export, a deal that the later one did not have to mention gets a row of it
-- too (`record_number`), with what was known of it before this export. No row where this export is on record.
-- In order: the bytes of a record are those of its rows.

with

known_exports as (

    select * from {{ ref('known_exports') }}

),

this_export as (

    select * from known_exports where is_this_export and record_number is null

),

next_export as (

    select min_by(later.record_number, later.export_position) as record_number
    from known_exports as later
    inner join this_export on later.export_position > this_export.export_position

),

deals as (

    select
        deals.deal_id,
        {% for column in var('tracked_columns') -%}
        cast(deals.{{ column }} as {{ dbt.type_string() }}) as {{ column }},
        {% endfor %}
        deals.created_date
    from {{ ref('stg_deals') }} as deals
    cross join this_export

),

recorded as (

    select
        recorded_deals.*,
        known_exports.export_position
    from {{ ref('recorded_deals') }} as recorded_deals
    inner join known_exports on recorded_deals.record_number = known_exports.record_number
    inner join this_export on known_exports.export_position < this_export.export_position

),

last_positions as (

    select
        deal_id,
        max(export_position) as export_position
    from recorded
    group by deal_id

),

known as (

    select recorded.*
    from recorded
    inner join last_positions
        on recorded.deal_id = last_positions.deal_id and recorded.export_position = last_positions.export_position

),

new_values as (

    select
        deals.deal_id,
        deals.created_date,
        cast(null as bigint) as record_number,
        true as is_in_export,
        {{ tracked('deals') }}
    from deals
    left join known on deals.deal_id = known.deal_id
    where known.deal_id is null or not known.is_in_export or {{ tracked_differ('deals', 'known') }}

),

no_longer as (

    select
        known.deal_id,
        known.created_date,
        cast(null as bigint) as record_number,
        false as is_in_export,
        {{ tracked('known') }}
    from known
    cross join this_export
    left join deals on known.deal_id = deals.deal_id
    where known.is_in_export and deals.deal_id is null

),

new_rows as (

    select * from new_values
    union all
    select * from no_longer

),

-- Without a row of the next export, a deal was there as it was before this export, or was not there.
next_values as (

    select
        new_rows.deal_id,
        known.created_date,
        next_export.record_number,
        coalesce(known.is_in_export, false) as is_in_export,
        {{ tracked('known') }}
    from new_rows
    inner join next_export on next_export.record_number is not null
    left join known on new_rows.deal_id = known.deal_id
    left join {{ ref('recorded_deals') }} as stated
        on new_rows.deal_id = stated.deal_id and next_export.record_number = stated.record_number
    where stated.deal_id is null

),

final as (

    select * from new_rows
    union all
    select * from next_values

)

select * from final
order by deal_id, record_number nulls first
