{# Where the interval of one of `columns` excludes zero, there is a claim, or `inconclusive_because` says why
   there is none. And it says nothing where there is a claim. #}
{% test intervals_without_zero_are_explained(model, columns, evidence='evidence') %}

select
    {{ evidence }} as evidence,
    inconclusive_because
from {{ model }}
where
    ({{ evidence }} in ('inconclusive', 'no detectable change')) != (inconclusive_because is not null)
    and (
        inconclusive_because is not null
        {%- for column in columns %}
        or {{ column }}_low > 0
        or {{ column }}_high < 0
        {%- endfor %}
    )

{% endtest %}
