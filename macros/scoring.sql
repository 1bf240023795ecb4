{# The cross-validation fold of a deal. It depends on its id only, not on row order or other deals. #}
{% macro score_fold(deal_id) -%}
    {{ hex_to_number('left(md5(' ~ deal_id ~ '), 7)') }} % {{ var('score_folds') }}
{%- endmacro %}

{# The last landmark that a deal of this age has reached; the first one where the age is not known. #}
{% macro landmark_reached(age_days) -%}
    cast(case
        when {{ age_days }} is null then {{ var('landmark_days') | min }}
    {%- for landmark in var('landmark_days') | sort(reverse=true) %}
        when {{ age_days }} >= {{ landmark }} then {{ landmark }}
    {%- endfor %}
    end as bigint)
{%- endmacro %}
