-- One row per deal: the level of each feature, pooled or banded; and what is assumed where the dates do not say
-- when a deal closed.

with

deals as (

    select * from {{ ref('stg_deals') }}

),

feature_levels as (

    select * from {{ ref('feature_levels') }}

),

feature_bands as (

    select * from {{ ref('feature_bands') }}

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
        coalesce({{ feature }}_bands.level, 'Unknown') as {{ feature }},
        {% endfor -%}
        coalesce(deals.deal_age_days, assumed_ages.assumed_age_days) as deal_age_days,
        deals.deal_stage as stage_name,
        deals.deal_age_days as known_age_days,
        deals.deal_amount as amount,
        deals.sales_cycle_days as cycle_days
    from deals
    left join assumed_ages
        on deals.deal_id = assumed_ages.deal_id
    {% for feature in categorical_features() -%}
    left join feature_levels as {{ feature }}_levels
        on
            {{ feature }}_levels.feature = '{{ feature }}'
            and deals.{{ feature }} = {{ feature }}_levels.feature_value
    {% endfor -%}
    {% for feature in numeric_features() -%}
    left join feature_bands as {{ feature }}_bands
        on
            {{ feature }}_bands.feature = '{{ feature }}'
            and deals.{{ feature }} > coalesce({{ feature }}_bands.lower_edge, cast('-inf' as double))
            and deals.{{ feature }} <= coalesce({{ feature }}_bands.upper_edge, cast('inf' as double))
    {% endfor %}
)

select * from final
