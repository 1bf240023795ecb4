{# The model lists errors, so it must be empty. #}
{% test has_no_rows(model) %}

select * from {{ model }}

{% endtest %}
