-- How many rows of the export were rejected, and how many values are missing in the others.

{% set columns = categorical_features() + ['sales_rep_id', 'deal_amount'] -%}

with

checked_rows as (

    select * from {{ ref('checked_rows') }}

),

deals as (

    select * from {{ ref('stg_deals') }}

),

-- A column that the export does not have is not listed.
columns_there as (

    select distinct case column_name when 'converted_amount' then 'deal_amount' else column_name end as column_name
    from {{ ref('raw_columns') }}
    where title is not null

),

columns_that_should_be_filled as (

    {{ listed(columns, 'column_name') }}

),

values_of_columns as (

    select
        listed_columns.column_name,
        case listed_columns.column_name
            {% for column in columns -%}
            when '{{ column }}'
                then {{ ("coalesce(deals." ~ column ~ ", 'Unknown') = 'Unknown'") if column != 'deal_amount'
                    else 'deals.deal_amount is null' }}
            {% endfor -%}
        end as is_missing
    from deals
    cross join columns_that_should_be_filled as listed_columns
    inner join columns_there on listed_columns.column_name = columns_there.column_name

),

final as (

    select
        'export' as entity_type,
        'rejected rows' as entity_id,
        count(*) as n_rows,
        count(reject_code) as n_gaps
    from checked_rows
    where coalesce(reject_code, '') not in ({{ quoted_list(skipped_codes()) }})

    union all

    select
        'column' as entity_type,
        column_name as entity_id,
        count(*) as n_rows,
        count(case when is_missing then 1 end) as n_gaps
    from values_of_columns
    group by column_name

)

select * from final
