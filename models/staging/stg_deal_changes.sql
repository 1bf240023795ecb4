-- One row per deal and change of a tracked column between two exports.

{{ config(drops=['recorded_deals']) }}

with

known_exports as (

    select * from {{ ref('known_exports') }}

),

this_export as (

    select export_position from known_exports where is_this_export

),

stated as (

    select
        recorded_deals.*,
        known_exports.export_position
    from {{ ref('recorded_deals') }} as recorded_deals
    inner join known_exports on recorded_deals.record_number = known_exports.record_number
    inner join this_export on known_exports.export_position <= this_export.export_position
    union all
    select
        new_deal_values.*,
        this_export.export_position
    from {{ ref('new_deal_values') }} as new_deal_values
    cross join this_export
    where new_deal_values.record_number is null

),

stated_again as (

    select stated.deal_id
    from stated
    inner join {{ ref('stg_deals') }} as deals on stated.deal_id = deals.deal_id
    group by stated.deal_id
    having count(*) > 1

),

-- What a row says of a deal holds until the next row.
periods as (

    select
        stated.*,
        lead(stated.export_position) over (partition by stated.deal_id order by stated.export_position)
        - 1 as last_position
    from stated
    inner join stated_again on stated.deal_id = stated_again.deal_id

),

neighbours as (

    select
        *,
        {% for column in ['created_date'] + var('tracked_columns') -%}
        lag({{ column }}) over (partition by deal_id order by export_position) as {{ column }}_before,
        {% endfor %}
        lag(last_position) over (partition by deal_id order by export_position) as last_position_before
    from periods
    where is_in_export

),

-- Only of one deal, which has one creation date, and where both exports were read in the same way.
changes as (

    {% for column in var('tracked_columns') -%}
    select
        neighbours.deal_id,
        '{{ column }}' as column_name,
        neighbours.{{ column }}_before as old_value,
        neighbours.{{ column }} as new_value,
        known_exports.as_of_date as seen_date,
        previous_exports.as_of_date as previous_seen_date,
        neighbours.export_position
    from neighbours
    inner join known_exports on neighbours.export_position = known_exports.export_position
    inner join known_exports as previous_exports on neighbours.last_position_before = previous_exports.export_position
    where
        neighbours.{{ column }} is distinct from neighbours.{{ column }}_before
        and neighbours.created_date is not distinct from neighbours.created_date_before
        and known_exports.reading_of_{{ column }} = previous_exports.reading_of_{{ column }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

final as (

    select
        deal_id,
        column_name,
        cast(row_number() over (partition by deal_id, column_name order by export_position) as bigint) as change_number,
        old_value,
        new_value,
        previous_seen_date,
        seen_date
    from changes

)

select * from final
