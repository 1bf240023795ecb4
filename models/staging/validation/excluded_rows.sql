-- The rows of the export that a line of the user's exclusions.csv leaves out: by the first line that a row meets.

{% set texts = per_deal_columns() + name_columns() + category_columns() -%}

with

exclusions as (

    select * from {{ ref('raw_exclusions') }}

),

-- A value against that of a line: negative where it is less, zero where both are the same, null where it is empty.
compared as (

    select
        typed_rows.source_line,
        exclusions.file_line,
        exclusions.operator,
        exclusions.reason,
        lower(exclusions.value) as value,
        case exclusions.column_name
            {% for column in texts -%}
            when '{{ column }}' then nullif(lower(cast(typed_rows.{{ column }} as {{ dbt.type_string() }})), 'unknown')
            {% endfor -%}
        end as text,
        case exclusions.column_name
            {% for column in number_columns() -%}
            when '{{ column }}'
                then sign({{ 'coalesce(converted_amounts.deal_amount, typed_rows.deal_amount)'
                    if column == 'deal_amount' else 'typed_rows.' ~ column }} - exclusions.number)
            {% endfor -%}
            {% for column in date_columns() -%}
            when '{{ column }}' then sign({{ days_between('exclusions.day', 'typed_rows.' ~ column) }})
            {% endfor -%}
        end as side,
        case exclusions.column_name
            {% for column in texts -%}
            when '{{ column }}'
                then coalesce(cast(typed_rows.{{ column }} as {{ dbt.type_string() }}), 'Unknown') = 'Unknown'
            {% endfor -%}
            {% for column in number_columns() + date_columns() -%}
            when '{{ column }}' then typed_rows.{{ column }} is null
            {% endfor -%}
        end as is_empty
    from {{ ref('typed_rows') }} as typed_rows
    cross join exclusions
    left join {{ ref('converted_amounts') }} as converted_amounts
        on typed_rows.source_line = converted_amounts.source_line

),

judged as (

    select
        source_line,
        file_line,
        reason,
        case operator
            when 'is empty' then is_empty
            when '=' then coalesce(side = 0, text = value, false)
            when '!=' then not coalesce(side = 0, text = value, false)
            when 'contains' then coalesce(position(value in text) > 0, false)
            when '<' then coalesce(side < 0, false)
            when '<=' then coalesce(side <= 0, false)
            when '>' then coalesce(side > 0, false)
            when '>=' then coalesce(side >= 0, false)
        end as is_met
    from compared

),

final as (

    select
        source_line,
        min(file_line) as file_line,
        min_by(reason, file_line) as reason
    from judged
    where is_met
    group by source_line

)

select * from final
