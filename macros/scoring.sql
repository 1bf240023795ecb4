{# What the models of scores.sql count deals by. #}

{# The cross-validation fold of a deal. It depends on its id only, not on row order or other deals. #}
{% macro score_fold(deal_id) -%}
    {{ hex_to_number('left(md5(' ~ deal_id ~ '), 7)') }} % {{ var('score_folds') }}
{%- endmacro %}

{# A number from 0 to 1 by which deals are drawn: seven digits of a hash of the id, other than that of the folds. #}
{% macro id_share(deal_id) -%}
    {{ hex_to_number("left(md5('score|' || " ~ deal_id ~ "), 7)") }} / {{ 16 ** 7 }}.0
{%- endmacro %}

{# The first day of the band of some days. #}
{% macro age_band(days) -%}
    cast(case
    {%- for first_day in var('age_band_days') | sort(reverse=true) %}
        when {{ days }} >= {{ first_day }} then {{ first_day }}
    {%- endfor %}
    end as bigint)
{%- endmacro %}

{# The band of some days as text, such as '7-13'. starts: the first days of the bands. #}
{% macro day_band(days, starts) -%}
    case
    {%- for start in starts | sort(reverse=true) %}
        when {{ days }} >= {{ start }}
            then {% if loop.first %}'over {{ start - 1 }}'{% else %}'{{ start }}-{{ loop.previtem - 1 }}'{% endif %}
    {%- endfor %}
        else 'Unknown'
    end
{%- endmacro %}

{# What is known of a deal on a day (deal_states), or the level of a deal that is seen at its creation. #}
{% macro states(relation) -%}
    {%- for state in var('score_states') %}
    coalesce({{ relation }}.{{ state }}, 'at creation') as {{ state }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# How many quarters of 91 days ago a deal was created, on a date; the oldest deals are one cohort. #}
{% macro cohort(created_date, date) -%}
    cast(least(
        floor({{ days_between(created_date, date) }} / 91), {{ var('cohort_quarters') - 1 }}
    ) as bigint)
{%- endmacro %}

{# The day on which a deal is taken to have been created, where the export does not say it: its age before it closed,
   or before the as-of date. #}
{% macro assumed_created_date(deals, as_of_date) -%}
    {%- set last_day = 'coalesce(' ~ deals ~ '.closed_date, ' ~ as_of_date ~ ')' -%}
    coalesce({{ deals }}.created_date, {{ add_days(last_day, '-coalesce(' ~ deals ~ '.deal_age_days, 0)') }})
{%- endmacro %}

{# The states that are a reason for a score; the age is part of what it is compared with. #}
{% macro explained_states() -%}
    {{ return(var('score_states') | reject('equalto', 'age_then') | list) }}
{%- endmacro %}
