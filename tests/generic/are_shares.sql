{# The values of `columns` lie between 0 and 1, or are null. #}
{% test are_shares(model, columns, tolerance=1e-9) %}

{% for column in columns -%}
select
    '{{ column }}' as column_name,
    {{ column }} as column_value
from {{ model }}
where {{ column }} < -{{ tolerance }} or {{ column }} > 1 + {{ tolerance }}
{{ 'union all' if not loop.last }}
{% endfor %}

{% endtest %}
