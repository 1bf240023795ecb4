{# The metrics, each defined once. #}

{# Won over closed deals, a share from 0 to 1; null without closed deals. #}
{% macro win_rate(n_won, n_deals) -%}
    cast({{ n_won }} as double) / nullif({{ n_deals }}, 0)
{%- endmacro %}

{# Amount of the won over that of the closed deals, a share from 0 to 1; null without an amount. #}
{% macro amount_weighted_win_rate(won_amount, closed_amount) -%}
    {{ won_amount }} / nullif({{ closed_amount }}, 0)
{%- endmacro %}

{# Counts of the closed and the won deals of a group. #}
{% macro deal_counts() -%}
    count(is_won) as n_deals,
    {{ whole_sum('is_won') }} as n_won
{%- endmacro %}

{# Total amounts of the closed and the won deals of a group. #}
{% macro deal_amounts(amount='deal_amount') -%}
    {{ sum_amount('case when is_won is not null then ' ~ amount ~ ' end') }} as closed_amount,
    {{ sum_amount('case when is_won = 1 then ' ~ amount ~ ' end') }} as won_amount
{%- endmacro %}

{# Counts and total amounts of the closed, the won and the open deals of a group. #}
{% macro deal_totals(amount='deal_amount') -%}
    {{ deal_counts() }},
    {{ deal_amounts(amount) }},
    {{ mean_of('case when is_won = 1 then ' ~ amount ~ ' end') }} as average_won_amount,
    count(case when is_open then 1 end) as n_open_deals,
    {{ sum_amount('case when is_open then ' ~ amount ~ ' end') }} as open_amount
{%- endmacro %}

{# Counts and amounts, in cents, of the closed and the won deals of a group, to be summed over groups. #}
{% macro counted_deals(amount) -%}
    {{ deal_counts() }},
    coalesce(sum({{ cents('case when is_won is not null then ' ~ amount ~ ' end') }}), 0) as closed_cents,
    coalesce(sum({{ cents('case when is_won = 1 then ' ~ amount ~ ' end') }}), 0) as won_cents
{%- endmacro %}

{# Counts and total amounts over groups of `counted_deals`. #}
{% macro total_deals() -%}
    cast(sum(n_deals) as bigint) as n_deals,
    cast(sum(n_won) as bigint) as n_won,
    cast(sum(closed_cents) as double) / 100 as closed_amount,
    cast(sum(won_cents) as double) / 100 as won_amount
{%- endmacro %}

{# The same of one of two windows. #}
{% macro window_sums(window, is_within) -%}
    {% for name in ['n', 'n_won'] -%}
    {{ whole_sum('case when ' ~ is_within ~ ' then ' ~ ('n_deals' if name == 'n' else name) ~ ' end') }}
        as {{ name }}_{{ window }},
    {% endfor -%}
    {% for name in ['closed', 'won'] -%}
    cast(coalesce(sum(case when {{ is_within }} then {{ name }}_cents end), 0) as double) / 100
        as {{ name }}_amount_{{ window }}{{ ',' if not loop.last }}
    {% endfor -%}
{%- endmacro %}

{# Counts of the closed and the won deals of the same window a year earlier; 0 where the data do not hold it. #}
{% macro year_ago_counts(window, date) -%}
    {% set is_within -%}
        has_year_ago
        and {{ date }} >= {{ add_quarters(window ~ '_start', '-4') }}
        and {{ date }} < {{ add_quarters(add_days(window ~ '_end', '1'), '-4') }}
    {%- endset -%}
    {{ whole_sum('case when ' ~ is_within ~ ' then n_deals end') }} as n_{{ window }}_year_ago,
    {{ whole_sum('case when ' ~ is_within ~ ' then n_won end') }} as n_won_{{ window }}_year_ago
{%- endmacro %}

{# The mean amount won per closed deal: 0 where none was won, although there is no average then. #}
{% macro value_per_deal(n_won, n_deals, average_won_amount) -%}
    case
        when {{ n_deals }} > 0 and {{ n_won }} = 0 then 0
        else {{ win_rate(n_won, n_deals) }} * {{ average_won_amount }}
    end
{%- endmacro %}

{# The deals with `known_stage_date`: the day on which a deal entered its stage, by the export or else by the
   stage history; null where neither has one that is possible. #}
{% macro staged_deals() -%}
    select
        stg_deals.*,
        case
            when stg_deals.stage_entered_date between stg_deals.created_date and stg_deals.as_of_date
                then stg_deals.stage_entered_date
            when stays.entered_date between stg_deals.created_date and stg_deals.as_of_date then stays.entered_date
        end as known_stage_date
    from {{ ref('stg_deals') }} as stg_deals
    left join (select * from {{ ref('deal_stays') }} where is_current) as stays
        on stg_deals.source_line = stays.deal_line
{%- endmacro %}

{# Days in the present stage, of a row of `staged_deals`; without a date, the age of the deal. #}
{% macro days_in_stage() -%}
    coalesce({{ days_between('known_stage_date', 'as_of_date') }}, deal_age_days)
{%- endmacro %}

{# ---------- windows of time #}

{# By which date deals are assigned to a period, per basis. #}
{% macro basis_dates() -%}
    {{ return({'closed': 'closed_date', 'created': 'created_date'}) }}
{%- endmacro %}

{# The sales cycle in days, of deals that had one: not of those that were entered when they were decided already. #}
{% macro lived_cycle_days() -%}
    case when is_born_closed then cast(null as double) else sales_cycle_days end
{%- endmacro %}

{# The data cover a period that starts on this day or later: the first creation date less a week,
   since there may be no deals on the first days of a period. #}
{% macro first_complete_date(first_created_date) -%}
    {{ add_days(first_created_date, '-7') }}
{%- endmacro %}

{# Whether a day is in one of both windows of a comparison. #}
{% macro is_in_windows(date, windows='windows') -%}
    {{ date }} between {{ windows }}.before_start and {{ windows }}.before_end
    or {{ date }} between {{ windows }}.after_start and {{ windows }}.after_end
{%- endmacro %}

{# How a sentence names a window, 'after' or 'before', of the comparison in a column. #}
{% macro comparison_words(comparison, window) -%}
    case {{ comparison }}
        {%- for each in var('comparisons') %}
        when '{{ each.name }}' then '{{ each[window] | replace("'", "''") }}'
        {%- endfor %}
    end
{%- endmacro %}

{# The comparison that leads the page and the alerts: one entry of the setting `comparisons`. #}
{% macro primary_comparison() -%}
    {{ return(var('comparisons') | selectattr('is_primary') | first) }}
{%- endmacro %}
