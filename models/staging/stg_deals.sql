-- One row per deal, typed and clean. A view, so that features added by the user
-- appear beside the contracted columns. Depends on export_errors, so that nothing is built on an export
-- that cannot be used.

-- depends_on: {{ ref('export_errors') }}

with

accepted as (

    select * from {{ ref('checked_rows') }} where reject_code is null

),

typed as (

    select
        ---------- ids
        deal_id,
        deal_name,
        cast(sales_rep_id as {{ dbt.type_string() }}) as sales_rep_id,
        owner_name,
        team,
        manager,
        account_id,
        account_name,

        ---------- dates
        created_date,
        case when not is_open then close_date end as closed_date,
        case when is_open then close_date end as expected_close_date,
        stage_entered_date,
        as_of_date,

        ---------- categories
        cast(industry as {{ dbt.type_string() }}) as industry,
        cast(region as {{ dbt.type_string() }}) as region,
        cast(product_type as {{ dbt.type_string() }}) as product_type,
        cast(lead_source as {{ dbt.type_string() }}) as lead_source,
        cast(deal_stage as {{ dbt.type_string() }}) as deal_stage,
        {% for column in ['pipeline_name', 'deal_type', 'loss_reason', 'competitor', 'forecast_category'] -%}
        {{ level_or_null(column) }} as {{ column }},
        {% endfor %}
        ---------- numbers
        deal_amount,
        original_amount,
        cast(original_currency as {{ dbt.type_string() }}) as original_currency,
        crm_percentage as crm_probability,
        case
            when not is_open
                then coalesce(sales_cycle_days, cast({{ days_between('created_date', 'close_date') }} as double))
        end as sales_cycle_days,
        {{ days_between('created_date', 'case when is_open then as_of_date else close_date end') }} as deal_age_days,

        ---------- outcome
        cast(outcome as {{ dbt.type_string() }}) as outcome,
        is_open,
        cast(case outcome when 'Won' then 1 when 'Lost' then 0 end as bigint) as is_won,

        ---------- further features
        {% for feature in added_features() -%}
        {{ ('cast(' ~ feature ~ ' as ' ~ dbt.type_string() ~ ') as ') if feature in categorical_features() }}{{ feature }},
        {% endfor %}
        ---------- where it came from
        source_line
    from accepted

),

final as (

    select
        *,
        not is_open and coalesce(deal_age_days <= {{ var('born_closed_days') }}, false) as is_born_closed,
        case
            when coalesce(sales_cycle_days, deal_age_days) is not null
                then deal_amount / greatest(coalesce(sales_cycle_days, deal_age_days), 1)
        end as amount_per_day
    from typed

)

select * from final
