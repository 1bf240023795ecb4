{# What the alert views share. A view states when its condition holds and what it says then; the
   condition is the view's name without 'alert_', and its numbers stand in seeds/alert_rules.csv. #}

{% macro alert_condition() -%}
    {{ return(model_name().removeprefix('alert_')) }}
{%- endmacro %}

{# The rule of the view's condition, where it is enabled: the CTE `rule` of every alert view.
   A limit that was left empty limits nothing.
   from_data: SQL for the threshold where the rule has none. #}
{% macro alert_rule(from_data=none) -%}
    select
        severity,
        {{ "coalesce(threshold_value, " ~ from_data ~ ") as threshold_value" if from_data else "threshold_value" }},
        coalesce(min_deals, 0) as min_deals,
        coalesce(max_q_value, 1) as max_q_value,
        owner,
        recommended_action
    from {{ ref('alert_rules') }}
    where condition = '{{ alert_condition() }}' and is_enabled
{%- endmacro %}

{# The last step of every alert view: `cte` in the columns that all alerts share.

   cte: one row per alert, with entity_id, observed_value and message.
   entity_type: what the alerts are about; without it, a column of `cte` of that name says so.
   provides: what else `cte` has, of baseline_value, n_deals, interval_low, interval_high, q_value,
       amount_at_stake and its interval, deal_url, manager (the others become null) and owner (who acts where the rule
       names nobody).

   Severity, threshold, owner and recommended action come from the CTE `rule`. #}
{% macro alert_shape(cte, entity_type=none, provides=[]) -%}
    {%- set condition = alert_condition() -%}
    {%- set types = {
        'baseline_value': 'double',
        'n_deals': 'bigint',
        'interval_low': 'double',
        'interval_high': 'double',
        'q_value': 'double',
        'amount_at_stake': 'double',
        'amount_at_stake_low': 'double',
        'amount_at_stake_high': 'double',
    } -%}
    {%- for column in provides if column not in types and column not in ['owner', 'deal_url', 'manager'] -%}
        {%- do exceptions.raise_compiler_error('An alert has no column ' ~ column ~ '.') -%}
    {%- endfor -%}
    {%- set entity_type = "'" ~ entity_type ~ "'" if entity_type else 'firing.entity_type' -%}
    select
        md5('{{ condition }}|' || {{ entity_type }} || '|' || firing.entity_id) as alert_key,
        '{{ condition }}' as condition,
        rule.severity,
        {{ entity_type }} as entity_type,
        firing.entity_id,
        cast(firing.observed_value as double) as observed_value,
        cast(rule.threshold_value as double) as threshold_value,
        {% for column, type in types.items() -%}
        cast({{ 'firing.' ~ column if column in provides else 'null' }} as {{ type }}) as {{ column }},
        {% endfor -%}
        {{ 'coalesce(rule.owner, firing.owner)' if 'owner' in provides else 'rule.owner' }} as owner,
        firing.message,
        rule.recommended_action,
        'docs/alerts.md#{{ condition | replace("_", "-") }}' as runbook,
        {{ 'firing.deal_url' if 'deal_url' in provides else 'cast(null as ' ~ dbt.type_string() ~ ')' }} as deal_url,
        as_of_dates.as_of_date,
        {{ 'firing.manager' if 'manager' in provides else 'cast(null as ' ~ dbt.type_string() ~ ')' }} as manager
    from {{ cte }} as firing
    cross join rule
    cross join {{ ref('as_of_dates') }} as as_of_dates
{%- endmacro %}

{# ---------- alerts about a win rate #}

{# What a lower win rate costs, with its interval: the share of deals by which it is lower, times their amount. The mean
   amount of the deals counts as known; a cost is not negative.
   difference_pp: the column with the points, negative where the win rate is lower, which has an interval beside it.
   amount: of all these deals. #}
{% macro cost_of_win_rate(difference_pp, amount) -%}
    {{ cost_of_points(difference_pp, amount) }} as amount_at_stake,
    {{ cost_of_points(difference_pp ~ '_high', amount) }} as amount_at_stake_low,
    {{ cost_of_points(difference_pp ~ '_low', amount) }} as amount_at_stake_high
{%- endmacro %}

{% macro cost_of_points(difference_pp, amount) -%}
    nullif({{ amount }}, 0) * greatest(-{{ difference_pp }}, 0) / 100
{%- endmacro %}

{# The same at the end of a message: '; estimated cost €104,000 (95% interval €59,000 to €149,000)'. Nothing where there
   are no amounts. #}
{% macro cost_text(difference_pp, amount, currency) -%}
    coalesce(
        '; estimated cost ' || {{ as_amount(cost_of_points(difference_pp, amount), currency) }}
        || ' (95% interval ' || {{ as_amount(cost_of_points(difference_pp ~ '_high', amount), currency) }}
        || ' to ' || {{ as_amount(cost_of_points(difference_pp ~ '_low', amount), currency) }} || ')',
        ''
    )
{%- endmacro %}

{# What `alert_shape` is told of these alerts. #}
{% macro win_rate_provides() -%}
    {{ return([
        'baseline_value', 'n_deals', 'interval_low', 'interval_high', 'q_value', 'amount_at_stake',
        'amount_at_stake_low', 'amount_at_stake_high',
    ]) }}
{%- endmacro %}

{# ---------- alerts about one deal #}

{# The columns of `scores.open_deals` that every alert about a deal has. Where a deal has no rep, its manager acts. #}
{% macro deal_columns(deals) -%}
    {{ deals }}.deal_id as entity_id,
    {{ deals }}.deal_amount as amount_at_stake,
    coalesce(case when {{ deals }}.owner = 'Unknown' then {{ deals }}.manager end, {{ deals }}.owner) as owner,
    {{ deals }}.deal_url,
    {{ deals }}.manager
{%- endmacro %}

{# What of these `alert_shape` is told. #}
{% macro deal_provides() -%}
    {{ return(['amount_at_stake', 'owner', 'deal_url', 'manager']) }}
{%- endmacro %}

{# 'Deal Acme renewal (D-17, Ann Lee, Demo, amount 12,500)'; of a deal without a name 'Deal D-17 (R-3, Demo, amount
   12,500)'. #}
{% macro deal_title(deals) -%}
    {%- set deal_id = name_in_text(deals ~ '.deal_id') -%}
    'Deal ' || coalesce({{ name_in_text(deals ~ '.deal_name') }} || ' (' || {{ deal_id }} || ', ', {{ deal_id }}
    || ' (') || {{ name_in_text(deals ~ '.owner') }} || ', ' || {{ name_in_text(deals ~ '.deal_stage') }}
    || coalesce(', amount ' || {{ as_amount(deals ~ '.deal_amount', deals ~ '.reporting_currency') }}, '') || ')'
{%- endmacro %}

{# The columns of an alert that a deal's win probability fires. #}
{% macro win_probability_columns(deals) -%}
    {{ deals }}.win_probability as observed_value,
    {{ deals }}.win_probability_low as interval_low,
    {{ deals }}.win_probability_high as interval_high
{%- endmacro %}

{# 'win probability 12.5%, under 20.0% (95% interval 8.2% to 18.5%); Lead source Partner: -12.3 points'
   side: the side of the limit on which the probability is, 'under' or 'above'. #}
{% macro win_probability_text(deals, side, limit='rule.threshold_value') -%}
    'win probability ' || {{ as_percent(deals ~ '.win_probability') }}
    || ', {{ side }} ' || {{ as_percent(limit) }}
    || ' (' || {{ as_percent_interval(deals ~ '.win_probability_low', deals ~ '.win_probability_high') }} || ')'
    || coalesce('; ' || {{ deals }}.top_reason_1, '')
{%- endmacro %}
