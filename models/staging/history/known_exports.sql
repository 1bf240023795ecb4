-- The exports that the state has on record and this one, in the order of their as-of dates: of one day, in the order
-- in which they were recorded. An export that was built before, and was read in the same way, stands where it stood.

with

raw_state_exports as (

    select * from {{ ref('raw_state_exports') }}

),

recorded as (

    select * from raw_state_exports where record_number is not null

),

this_export as (

    select
        raw_build.input_sha256,
        as_of_dates.as_of_date,
        {{ readings('raw_state_exports') }}
    from raw_state_exports
    cross join {{ ref('raw_build') }} as raw_build
    cross join {{ ref('as_of_dates') }} as as_of_dates
    where raw_state_exports.record_number is null

),

own_record as (

    select min(recorded.record_number) as record_number
    from recorded
    inner join this_export
        on
            recorded.input_sha256 = this_export.input_sha256
            and recorded.as_of_date = this_export.as_of_date
            {% for column in var('tracked_columns') -%}
            and recorded.reading_of_{{ column }} = this_export.reading_of_{{ column }}
            {% endfor %}
),

all_exports as (

    select
        recorded.record_number,
        recorded.file_name,
        recorded.as_of_date,
        recorded.state_sha256,
        coalesce(recorded.record_number = own_record.record_number, false) as is_this_export,
        {{ readings('recorded') }}
    from recorded
    cross join own_record
    union all
    select
        cast(null as bigint) as record_number,
        cast(null as {{ dbt.type_string() }}) as file_name,
        this_export.as_of_date,
        cast(null as {{ dbt.type_string() }}) as state_sha256,
        true as is_this_export,
        {{ readings('this_export') }}
    from this_export
    cross join own_record
    where own_record.record_number is null

),

final as (

    select
        *,
        cast(row_number() over (order by as_of_date, record_number nulls last) as bigint) as export_position
    from all_exports

)

select * from final
