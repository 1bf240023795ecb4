{# Each of `columns` is between its `<column>_low` and `<column>_high`, up to rounding errors. Either both
   ends of an interval are null or neither, and both are null if the estimate is. #}
{% test estimates_lie_within_intervals(model, columns) %}

{% for column in columns -%}
select
    '{{ column }}' as column_name,
    {{ column }} as estimate,
    {{ column }}_low as interval_low,
    {{ column }}_high as interval_high
from {{ model }}
where
    {{ column }} < {{ column }}_low - 1e-9
    or {{ column }} > {{ column }}_high + 1e-9
    or ({{ column }}_low is null) != ({{ column }}_high is null)
    or ({{ column }} is null and {{ column }}_low is not null)
{{ 'union all' if not loop.last }}
{% endfor %}

{% endtest %}
