-- One row per deal: the level of each feature, pooled or banded; and what is assumed where the dates do not say
-- when a deal closed.

{{ config(
    short_text_columns=(feature_names() + ['stage_name', 'sales_rep_id']) | unique | list,
    pre_hook='{{ text_type([
        "select level from " ~ ref("feature_levels"),
        "select level from " ~ ref("feature_bands"),
        "select distinct deal_stage from " ~ ref("stg_deals"),
        "select distinct sales_rep_id from " ~ ref("stg_deals"),
    ]) }}'
) }}

with

deals as (

    select * from {{ ref('stg_deals') }}

),

feature_levels as (

    select * from {{ ref('feature_levels') }}

),

feature_bands as (

    select
        *,
        cast(row_number() over (partition by feature order by lower_edge asc nulls first) as bigint) as place
    from {{ ref('feature_bands') }}

),

-- The bands in one row: a deal is compared with their lower edges, from the highest down.
bands as (

    select
        {% for feature in numeric_features() -%}
        {% for place in range(1, 1 + n_bands(feature)) -%}
        {% set is_band = "feature = '" ~ feature ~ "' and place = " ~ place -%}
        max(case when {{ is_band }} then lower_edge end) as {{ feature }}_edge_{{ place }},
        max(case when {{ is_band }} then level end) as {{ feature }}_level_{{ place }},
        {% endfor -%}
        {% endfor -%}
        count(*) as n_bands
    from feature_bands

),

assumed_ages as (

    select * from {{ ref('assumed_ages') }}

),

final as (

    select
        deals.deal_id,
        deals.is_open,
        deals.is_won,
        {% if 'account_id' not in feature_names() -%}
        deals.account_id,
        {% endif -%}
        {% if 'sales_rep_id' not in feature_names() -%}
        deals.sales_rep_id,
        {% endif -%}
        {% for column in display_names() -%}
        deals.{{ column }} as {{ column }}_text,
        {% endfor -%}
        deals.created_date,
        deals.closed_date,
        coalesce(
            deals.closed_date,
            case
                when deals.created_date is not null and assumed_ages.assumed_age_days is not null
                    then least({{ add_days('deals.created_date', 'assumed_ages.assumed_age_days') }}, deals.as_of_date)
            end
        ) as assumed_closed_date,
        {% for feature in categorical_features() -%}
        {{ feature }}_levels.level as {{ feature }},
        {% endfor -%}
        {% for feature in numeric_features() -%}
        coalesce(
            case
                {%- for place in range(n_bands(feature), 1, -1) %}
                when deals.{{ feature }} > bands.{{ feature }}_edge_{{ place }}
                    then bands.{{ feature }}_level_{{ place }}
                {%- endfor %}
                when deals.{{ feature }} is not null then bands.{{ feature }}_level_1
            end,
            'Unknown'
        ) as {{ feature }},
        {% endfor -%}
        coalesce(deals.deal_age_days, assumed_ages.assumed_age_days) as deal_age_days,
        deals.deal_stage as stage_name,
        deals.deal_age_days as known_age_days,
        deals.deal_amount as amount,
        deals.is_born_closed,
        case when deals.is_born_closed then cast(null as double) else deals.sales_cycle_days end as cycle_days
    from deals
    cross join bands
    left join assumed_ages
        on deals.deal_id = assumed_ages.deal_id
    {% for feature in categorical_features() -%}
    left join feature_levels as {{ feature }}_levels
        on
            {{ feature }}_levels.feature = '{{ feature }}'
            and deals.{{ feature }} = {{ feature }}_levels.feature_value
    {% endfor %}

)

select * from final
