{# The conditions, one view each. seeds/alert_rules.csv holds their numbers. #}
{% macro alert_conditions() -%}
    {{ return([
        'deal_at_risk',
        'deal_stalled',
        'deal_opportunity',
        'close_date_overdue',
        'segment_decline',
        'segment_underperforming',
        'win_rate_decline',
        'stage_bottleneck',
        'data_quality',
    ]) }}
{%- endmacro %}

{# The rule of a condition, where it is enabled: the CTE that every alert view starts from.
   A limit that was left empty limits nothing. #}
{% macro alert_rule(condition) -%}
    select
        severity,
        threshold_value,
        coalesce(min_deals, 0) as min_deals,
        coalesce(max_q_value, 1) as max_q_value,
        owner,
        recommended_action
    from {{ ref('alert_rules') }}
    where condition = '{{ condition }}' and is_enabled
{%- endmacro %}

{# The last step of every alert view: `cte` in the one shape that all alerts share.

   `cte` gives entity_id, observed_value, threshold_value, n_deals, amount_at_stake, message and
   the rule's severity, owner and recommended_action; what it does not have is named in `without`
   and becomes null. #}
{% macro alert_shape(cte, condition, entity_type='deal', without=[]) -%}
    select
        md5('{{ condition }}|' || {{ entity_type if entity_type.startswith('firing.') else "'" ~ entity_type ~ "'" }}
            || '|' || firing.entity_id) as alert_key,
        '{{ condition }}' as condition,
        firing.severity,
        {{ entity_type if entity_type.startswith('firing.') else "'" ~ entity_type ~ "'" }} as entity_type,
        firing.entity_id,
        {% for column, type in [
            ('observed_value', 'double'), ('threshold_value', 'double'), ('baseline_value', 'double'),
            ('n_deals', 'bigint'), ('interval_low', 'double'), ('interval_high', 'double'),
            ('q_value', 'double'), ('amount_at_stake', 'double'),
        ] -%}
        cast({{ 'null' if column in without else 'firing.' ~ column }} as {{ type }}) as {{ column }},
        {% endfor -%}
        firing.owner,
        firing.message,
        firing.recommended_action,
        'docs/alerts.md#{{ condition | replace("_", "-") }}' as runbook,
        as_of_dates.as_of_date
    from {{ cte }} as firing
    cross join {{ ref('as_of_dates') }} as as_of_dates
{%- endmacro %}

{# How a deal is named in a message. #}
{% macro deal_title(deals) -%}
    'Deal ' || {{ deals }}.deal_id || ' (' || {{ deals }}.sales_rep_id || ', ' || {{ deals }}.deal_stage
    || coalesce(', amount ' || {{ as_count(deals ~ '.deal_amount') }}, '') || ')'
{%- endmacro %}
