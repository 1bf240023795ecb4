-- What holds now: every condition's view, one below the other.

{% for condition in alert_conditions() -%}
select * from {{ ref('alert_' ~ condition) }}
{{ 'union all' if not loop.last }}
{% endfor %}
