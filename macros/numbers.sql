{# Arithmetic that more than one model needs. #}

{# A number as text, whole ones without a decimal point. #}
{% macro plain_number(value) -%}
    case
        when {{ value }} = floor({{ value }})
            then cast(cast(round({{ value }}) as bigint) as {{ dbt.type_string() }})
        else cast({{ value }} as {{ dbt.type_string() }})
    end
{%- endmacro %}

{# An amount in cents. By way of eight decimals, because engines disagree on where a double such as 1.005
   lies. #}
{% macro money(amount) -%}
    cast(cast({{ amount }} as decimal(28, 8)) as decimal(18, 2))
{%- endmacro %}

{# A total amount. Sums of decimals do not depend on the order of rows; sums of doubles do. #}
{% macro sum_amount(amount) -%}
    cast(coalesce(sum({{ money(amount) }}), 0) as double)
{%- endmacro %}

{# A mean of amounts or days that does not depend on the order of rows. #}
{% macro mean_of(value) -%}
    cast(sum({{ money(value) }}) as double) / nullif(count({{ value }}), 0)
{%- endmacro %}

{# The 95% Wilson score interval of a share (Wilson 1927), which holds for small counts too. The limits
   are kept from rounding to marginally below 0 or above 1. #}
{% macro wilson_bound(n_events, n_deals, sign) -%}
    {%- set z = 1.959963984540054 -%}
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
