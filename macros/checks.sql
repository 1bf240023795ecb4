{# What the checks of the data share. A check states what it looks for and what it says then; its
   check_name is the name of its model without 'check_'. #}

{# The last step of every check: `cte` in the columns of quality.data_checks.

   cte: one row per finding, with n_deals and message.
   provides: what else `cte` has, of feature, level and severity; without it, feature and level are null.
   severity: 'warning' where the finding changes how the whole page is to be read, else 'info'. #}
{% macro check_shape(cte, provides=[], severity='info') -%}
    select
        '{{ model_name().removeprefix("check_") }}' as check_name,
        {{ "found.severity" if 'severity' in provides else "'" ~ severity ~ "'" }} as severity,
        {% for column in ['feature', 'level'] -%}
        cast({{ 'found.' ~ column if column in provides else 'null' }} as {{ dbt.type_string() }}) as {{ column }},
        {% endfor -%}
        cast(found.n_deals as bigint) as n_deals,
        found.message
    from {{ cte }} as found
{%- endmacro %}

{# '1,200 won and 30 lost deals', of a row with n_won and n_lost #}
{% macro outcome_counts() -%}
    {{ as_count('n_won') }} || ' won and ' || {{ as_count('n_lost') }} || ' lost deals'
{%- endmacro %}

{# One row with the lost deals that have a loss reason (`n_deals`) and their `share`; none where too few deals are lost,
   or where the export has no reasons. #}
{% macro lost_deals_with(reason) -%}
    {%- set n_found = "sum(case when reason = '" ~ reason ~ "' then n_lost end)" -%}
    select
        {{ n_found }} as n_deals,
        cast({{ n_found }} as double) / nullif(sum(n_lost), 0) as share
    from {{ ref('loss_counts') }}
    where feature = 'all' and dimension = 'loss_reason'
    having sum(n_lost) >= {{ var('min_outcomes') }}
{%- endmacro %}

{# ---------- reading drivers.win_rate_drivers, of which a row is a level #}

{# Whether a level is left out for one of these reasons (`left_out_code`). #}
{% macro is_left_out_by(codes) -%}
    coalesce(left_out_code in ({{ quoted_list(codes) }}), false)
{%- endmacro %}

{# Whether a level is large enough to judge, and not left out together with its feature. #}
{% macro is_judged_by_level() -%}
    n_deals >= {{ var('min_deals_per_level') }}
    and not {{ is_left_out_by(['leaks_outcome', 'suspected_leak', 'repeats', 'one_level']) }}
{%- endmacro %}

{# 'Lead source Tender: 0 of 60 deals were won; its effect has no finite size, so it is left out.' #}
{% macro separation_text() -%}
    {{ level_title('feature', 'level') }} || ': ' || {{ as_count('n_won') }} || ' of ' || {{ as_deals('n_deals') }}
    || ' were won; '
    || case
        when left_out_code is null then 'read the size of its effect with care.'
        else 'its effect has no finite size, so it is left out.'
    end
{%- endmacro %}
