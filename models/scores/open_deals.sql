-- The open pipeline with all that is known of a deal, for the deal alerts and for questions without a join.

{% set contracted = ['deal_stage', 'deal_amount', 'sales_rep_id'] -%}
{% set names = ['deal_name', 'owner_name', 'team', 'manager', 'account_id', 'account_name'] -%}
{% set categories = ['industry', 'region', 'product_type', 'lead_source', 'pipeline_name', 'deal_type'] -%}

with

staged_deals as (

    {{ staged_deals() }}

),

deals as (

    select
        *,
        {{ days_in_stage() }} as days_in_stage
    from staged_deals
    where is_open

),

scored as (

    select * from {{ ref('scored_deals') }} where status = 'open'

),

final as (

    select
        ---------- which deal, and whose
        deals.deal_id,
        deals.sales_rep_id,
        coalesce(deals.owner_name, deals.sales_rep_id) as owner,
        {% for column in names -%}
        deals.{{ column }},
        {% endfor -%}
        scored.deal_url,

        ---------- features
        deals.deal_stage,
        deals.deal_stage in ({{ quoted_list(var('late_stages')) }}) as is_late_stage,
        deals.deal_amount,
        export_formats.reporting_currency,
        {% for column in categories -%}
        deals.{{ column }},
        {% endfor -%}
        {% for feature in feature_names() if feature not in contracted + names + categories -%}
        deals.{{ feature }},
        {% endfor %}
        ---------- dates
        deals.as_of_date,
        deals.created_date,
        deals.expected_close_date,
        deals.deal_age_days,
        deals.days_in_stage,
        deals.known_stage_date is not null as is_stage_date_known,

        ---------- score
        scored.win_probability,
        scored.win_probability_low,
        scored.win_probability_high,
        scored.previous_win_probability,
        scored.score_trend,
        scored.compared_as_of_date,
        scored.compared_win_probability,
        scored.score_change_pp,
        scored.baseline_change_pp,
        scored.expected_amount,
        {% for rank in [1, 2, 3] -%}
        scored.top_reason_{{ rank }},
        {% endfor -%}
        scored.grade,
        scored.win_probability_this_quarter,
        scored.win_probability_next_quarter,
        scored.win_probability_90_days
    from deals
    inner join scored using (deal_id)
    cross join {{ ref('export_formats') }} as export_formats

)

select * from final
