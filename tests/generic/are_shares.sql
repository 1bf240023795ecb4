{# The values of `columns` are between 0 and 1, up to rounding errors, or null. #}
{% test are_shares(model, columns) %}

{% for column in columns -%}
select
    '{{ column }}' as column_name,
    {{ column }} as column_value
from {{ model }}
where {{ column }} < -1e-9 or {{ column }} > 1 + 1e-9
{{ 'union all' if not loop.last }}
{% endfor %}

{% endtest %}
