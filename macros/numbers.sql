{# Arithmetic that more than one model needs. #}

{# A number as text, whole ones without a decimal point. #}
{% macro plain_number(value) -%}
    case
        when {{ value }} = floor({{ value }})
            then cast(cast(round({{ value }}) as bigint) as {{ dbt.type_string() }})
        else cast({{ value }} as {{ dbt.type_string() }})
    end
{%- endmacro %}

{# An amount in cents. Rounded to eight decimals first, because 1.005 is a little less than that as a double: its
   cents are 101. #}
{% macro cents(amount) -%}
    cast(round(round({{ amount }} * 1e8) / 1e6) as bigint)
{%- endmacro %}

{# A sum of whole numbers, 0 where there are none. #}
{% macro whole_sum(value) -%}
    cast(coalesce(sum({{ value }}), 0) as bigint)
{%- endmacro %}

{# A total amount. Sums of whole numbers do not depend on the order of rows; sums of doubles do. #}
{% macro sum_amount(amount) -%}
    cast(coalesce(sum({{ cents(amount) }}), 0) as double) / 100
{%- endmacro %}

{# A mean of amounts or days that does not depend on the order of rows. #}
{% macro mean_of(value) -%}
    cast(sum({{ cents(value) }}) as double) / 100 / nullif(count({{ value }}), 0)
{%- endmacro %}

{# Half the width of a 95% interval, in standard errors. #}
{% macro z_95() -%}
    1.959963984540054
{%- endmacro %}

{# The 95% Wilson score interval of a share (Wilson 1927), which holds for small counts too. The limits
   are kept from rounding to marginally below 0 or above 1. #}
{% macro wilson_bound(n_events, n_deals, sign) -%}
    {%- set z = z_95() | float -%}
    (
        {{ n_events }} + {{ z * z / 2 }} {{ sign }} {{ z }} * sqrt(
            cast({{ n_events }} as double) * ({{ n_deals }} - {{ n_events }}) / nullif({{ n_deals }}, 0)
            + {{ z * z / 4 }}
        )
    ) / ({{ n_deals }} + {{ z * z }})
{%- endmacro %}
{% macro wilson_low(n_events, n_deals) -%}
    case when {{ n_deals }} > 0 then greatest({{ wilson_bound(n_events, n_deals, '-') }}, 0) end
{%- endmacro %}
{% macro wilson_high(n_events, n_deals) -%}
    case when {{ n_deals }} > 0 then least({{ wilson_bound(n_events, n_deals, '+') }}, 1) end
{%- endmacro %}
