{# Arithmetic that more than one model needs. #}

{# A number as text, whole ones without a decimal point. #}
{% macro plain_number(value) -%}
    case
        when {{ value }} = floor({{ value }}) then cast(cast({{ value }} as bigint) as {{ dbt.type_string() }})
        else cast({{ value }} as {{ dbt.type_string() }})
    end
{%- endmacro %}

{# A sum of money that does not depend on the order of rows, as sums of floats do. #}
{% macro sum_amount(amount) -%}
    cast(coalesce(sum(cast({{ amount }} as decimal(18, 2))), 0) as double)
{%- endmacro %}

{# The 95% Wilson score interval of a rate (Wilson 1927): good for small counts. Rounding could carry it
   a hair below 0 or above 1, hence the limits. #}
{% macro wilson_bound(n_hits, n_tries, sign) -%}
    {%- set z = 1.959963984540054 -%}
    (
        {{ n_hits }} + {{ z * z / 2 }} {{ sign }} {{ z }} * sqrt(
            cast({{ n_hits }} as double) * ({{ n_tries }} - {{ n_hits }}) / {{ n_tries }} + {{ z * z / 4 }}
        )
    ) / ({{ n_tries }} + {{ z * z }})
{%- endmacro %}
{% macro wilson_low(n_hits, n_tries) -%}
    case when {{ n_tries }} > 0 then greatest({{ wilson_bound(n_hits, n_tries, '-') }}, 0) end
{%- endmacro %}
{% macro wilson_high(n_hits, n_tries) -%}
    case when {{ n_tries }} > 0 then least({{ wilson_bound(n_hits, n_tries, '+') }}, 1) end
{%- endmacro %}
