{# CTEs of a query, the last of which is `windows`: both windows of each comparison (`vars: comparisons`) that lie
   before a last day.
   bases: a CTE with the columns `basis`, `first_date`, `last_date` and `quarters_end`, the day after the last whole
       quarter up to the last day. #}
{% macro compared_windows(bases) -%}
comparisons as (

    {% for comparison in var('comparisons') -%}
    select
        '{{ comparison.name }}' as comparison,
        {{ comparison.is_primary | lower }} as is_primary,
        {{ comparison.quarters | default(0) }} as n_quarters,
        {{ comparison.months | default(0) }} as n_months,
        {{ comparison.quarters_back }} as n_quarters_back
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

later as (

    select
        comparisons.*,
        bases.basis,
        bases.first_date,
        bases.last_date,
        {{ add_quarters('bases.quarters_end', '-comparisons.n_quarters') }} as after_start,
        {{ add_days(add_months('bases.quarters_end', 'comparisons.n_months'), '-1') }} as after_end
    from comparisons
    cross join {{ bases }} as bases

),

windows as (

    select
        *,
        {{ add_quarters('after_start', '-n_quarters_back') }} as before_start,
        {{ add_days(add_quarters(add_days('after_end', '1'), '-n_quarters_back'), '-1') }} as before_end
    from later
    where after_end <= last_date

)
{%- endmacro %}
