-- One row per deal, typed and clean. A view, so that features added by the user
-- appear beside the contracted columns. Nothing is built on an export that has a fault.

-- depends_on: {{ ref('export_errors') }}

{% set standard = ['industry', 'region', 'product_type', 'lead_source', 'deal_stage', 'deal_amount', 'sales_cycle_days'] %}

with

accepted as (

    select * from {{ ref('checked_rows') }} where reject_code is null

),

typed as (

    select
        ---------- ids
        deal_id,
        sales_rep_id,

        ---------- dates
        created_date,
        case when not is_open then close_date end as closed_date,
        case when is_open then close_date end as expected_close_date,
        stage_entered_date,
        as_of_date,

        ---------- categories
        industry,
        region,
        product_type,
        lead_source,
        deal_stage,

        ---------- numbers
        deal_amount,
        case
            when not is_open
                then coalesce(sales_cycle_days, cast({{ dbt.datediff('created_date', 'close_date', 'day') }} as double))
        end as sales_cycle_days,
        cast({{ dbt.datediff('created_date', 'case when is_open then as_of_date else close_date end', 'day') }} as bigint)
            as deal_age_days,

        ---------- outcome
        outcome,
        is_open,
        cast(case outcome when 'Won' then 1 when 'Lost' then 0 end as bigint) as is_won,

        ---------- further features
        {% for feature in feature_names() if feature not in standard -%}
        {{ feature }},
        {% endfor %}
        ---------- where it came from
        source_line
    from accepted

),

final as (

    select
        *,
        deal_amount / greatest(coalesce(sales_cycle_days, deal_age_days), 1) as amount_per_day
    from typed

)

select * from final
