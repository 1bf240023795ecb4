-- Each condition of seeds/alert_rules.csv has its view (macros/alerts.sql), and each view its rule.

with

rules as (

    select condition from {{ ref('alert_rules') }}

),

views as (

    {% for condition in alert_conditions() -%}
    select '{{ condition }}' as condition
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    rules.condition as condition_of_rule,
    views.condition as condition_of_view
from rules
full outer join views on rules.condition = views.condition
where rules.condition is null or views.condition is null
