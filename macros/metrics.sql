{# The operating metrics, each defined once. #}

{# A mean that does not depend on the order of rows, as means of floats do. #}
{% macro mean_of(value) -%}
    avg(cast({{ value }} as decimal(18, 2)))
{%- endmacro %}

{# The closed, the won and the open deals of a group, and what they came to. #}
{% macro deal_totals(amount='deal_amount') -%}
    count(is_won) as n_deals,
    cast(coalesce(sum(is_won), 0) as bigint) as n_won,
    {{ sum_amount('case when is_won is not null then ' ~ amount ~ ' end') }} as closed_amount,
    {{ sum_amount('case when is_won = 1 then ' ~ amount ~ ' end') }} as won_amount,
    {{ mean_of('case when is_won = 1 then ' ~ amount ~ ' end') }} as average_won_amount,
    count(case when is_open then 1 end) as n_open_deals,
    {{ sum_amount('case when is_open then ' ~ amount ~ ' end') }} as open_amount
{%- endmacro %}

{# The closed and the won deals of one of two windows that are compared, and what they came to. #}
{% macro window_sums(window, is_within, amount) -%}
    count(case when {{ is_within }} then 1 end) as n_{{ window }},
    count(case when {{ is_within }} and is_won = 1 then 1 end) as n_won_{{ window }},
    {{ sum_amount('case when ' ~ is_within ~ ' then ' ~ amount ~ ' end') }} as closed_amount_{{ window }},
    {{ sum_amount('case when ' ~ is_within ~ ' and is_won = 1 then ' ~ amount ~ ' end') }} as won_amount_{{ window }}
{%- endmacro %}

{# What a closed deal brings: 0 where none was won, although there is no average amount then. #}
{% macro value_per_deal(n_won, n_deals, average_won_amount) -%}
    case
        when {{ n_deals }} > 0 and {{ n_won }} = 0 then 0
        else cast({{ n_won }} as double) / nullif({{ n_deals }}, 0) * {{ average_won_amount }}
    end
{%- endmacro %}

{# Days in the stage. Without a date of the last change of stage, the age is the longest it can have been. #}
{% macro days_in_stage(deals) -%}
    case
        when {{ deals }}.stage_entered_date between {{ deals }}.created_date and {{ deals }}.as_of_date
            then cast({{ dbt.datediff(deals ~ '.stage_entered_date', deals ~ '.as_of_date', 'day') }} as bigint)
        else {{ deals }}.deal_age_days
    end
{%- endmacro %}
