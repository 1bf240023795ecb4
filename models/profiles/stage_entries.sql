-- The first stay of each deal in each stage, with the columns of the deal by which stays are counted. Stays of which
-- the end is not known are left out.

{% set creation = creation_features() | select('in', categorical_features()) | list -%}

with

stays as (

    select * from {{ ref('deal_stays') }}

),

deals as (

    select * from {{ ref('stg_deals') }}

),

final as (

    select
        stays.deal_stage,
        stays.left_for,
        stays.days_in_stage,
        stays.entered_date,
        {% for column in (creation + ['sales_rep_id']) | unique -%}
        deals.{{ column }},
        {% endfor -%}
        deals.deal_amount
    from stays
    inner join deals on stays.deal_line = deals.source_line
    where stays.is_first_entry and stays.days_in_stage is not null

)

select * from final
