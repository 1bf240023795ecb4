-- Each condition of seeds/alert_rules.csv has its view, each view its rule and its place in alerts.alerts.
-- depends_on: {{ ref('alerts') }}

with

rules as (

    select condition from {{ ref('alert_rules') }}

),

views as (

    {% for view in graph.nodes.values()
        if view.resource_type == 'model' and view.name.startswith('alert_') and view.name != 'alert_rules' -%}
    select
        '{{ view.name.removeprefix("alert_") }}' as condition,
        {{ view.unique_id in graph.nodes['model.winrate.alerts'].depends_on.nodes }} as is_in_alerts
    union all
    {% endfor -%}
    select
        cast(null as {{ dbt.type_string() }}) as condition,
        true as is_in_alerts
    where false

)

select
    rules.condition as condition_of_rule,
    views.condition as condition_of_view,
    views.is_in_alerts
from rules
full outer join views on rules.condition = views.condition
where rules.condition is null or views.condition is null or not views.is_in_alerts
