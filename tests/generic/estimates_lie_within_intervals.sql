{# Each of `columns` lies between its `<column>_low` and `<column>_high`; an interval has two ends,
   and none without an estimate. #}
{% test estimates_lie_within_intervals(model, columns, tolerance=1e-9) %}

{% for column in columns -%}
select
    '{{ column }}' as column_name,
    {{ column }} as estimate,
    {{ column }}_low as interval_low,
    {{ column }}_high as interval_high
from {{ model }}
where
    {{ column }} < {{ column }}_low - {{ tolerance }}
    or {{ column }} > {{ column }}_high + {{ tolerance }}
    or ({{ column }}_low is null) != ({{ column }}_high is null)
    or ({{ column }} is null and {{ column }}_low is not null)
{{ 'union all' if not loop.last }}
{% endfor %}

{% endtest %}
