-- What is missing in the export: rows that could not be used, values that are not there.

{% set columns = categorical_features() + ['sales_rep_id', 'deal_amount'] -%}

with

deals as (

    select * from {{ ref('stg_deals') }}

),

columns_there as (

    select column_name from {{ ref('raw_columns') }} where title is not null

),

gaps as (

    select
        'export' as entity_type,
        'rejected rows' as entity_id,
        count(*) as n_rows,
        count(reject_code) as n_gaps
    from {{ ref('checked_rows') }}
    where coalesce(reject_code, '') not in ({{ quoted_list(skip_codes()) }})

    {% for column in columns -%}
    union all

    select
        'column' as entity_type,
        '{{ column }}' as entity_id,
        count(*) as n_rows,
        count(case when {{ column }} is null {{ "or " ~ column ~ " = 'Unknown'" if column != 'deal_amount' }} then 1 end) as n_gaps
    from deals
    {% endfor %}
),

-- Of a category that the export does not have, nothing is said.
final as (

    select gaps.*
    from gaps
    left join columns_there on gaps.entity_id = columns_there.column_name
    where columns_there.column_name is not null or gaps.entity_id in ('rejected rows', 'deal_amount')

)

select * from final
