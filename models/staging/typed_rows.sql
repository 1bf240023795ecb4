-- Every row of the export with its cells typed. A value that cannot be read is
-- null here; checked_rows compares it with its text to say why.

{% set numbers = (['deal_amount', 'sales_cycle_days'] + numeric_features()) | unique | list -%}
{% set categories
    = (['industry', 'region', 'product_type', 'lead_source', 'deal_stage'] + categorical_features())
    | unique | list -%}

with

source as (

    select * from {{ ref('raw_deals') }}

),

typed as (

    select
        ---------- where it came from
        source_line,
        raw_text,
        read_error,

        ---------- ids
        {{ text('deal_id') }} as deal_id,
        coalesce({{ text('sales_rep_id') }}, 'Unknown') as sales_rep_id,

        ---------- dates
        {{ text('created_date') }} as created_date_text,
        {{ text('closed_date') }} as close_date_text,
        {{ calendar_date('created_date') }} as created_date,
        {{ calendar_date('closed_date') }} as close_date,
        {{ calendar_date('stage_entered_date') }} as stage_entered_date,

        ---------- categories
        {% for column in categories -%}
        {{ category(column) }} as {{ column }},
        {% endfor %}
        ---------- numbers
        {{ text('deal_amount') }} as deal_amount_text,
        {% for column in numbers -%}
        {{ number(column) }} as {{ column }},
        {% endfor %}
        ---------- outcome
        {{ text('outcome') }} as outcome_text,
        case lower({{ text('outcome') }})
            when 'won' then 'Won'
            when 'lost' then 'Lost'
        end as outcome,
        coalesce(lower({{ text('outcome') }}) = 'open', true) as is_open
    from source

)

select * from typed
