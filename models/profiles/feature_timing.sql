-- When each feature is known; null where all closed deals have the same level, such as 'Unknown' in an export that
-- lacks the column: there is nothing to compare, and no table has a row of it. Beside those that `known_at_close`
-- lists, a feature is known only at close where its missing values know the outcome: they are more common among lost
-- than among won deals, or the other way round, or open deals lack it far more often than closed deals (then it is
-- filled in late). Open deals count from the age on at which half of the deals have closed, since a young deal may
-- lack anything.
--
-- Differences count from `min_missing_difference` on, and four standard errors.
--
-- A feature of which most closed deals have a value of their own, or nearly, is an identifier, such as the name of the
-- account: it is not compared either.

{% set names = feature_names() -%}
{% set aggregates -%}
{% for state in ['won', 'lost', 'open'] -%}
count(case when state = '{{ state }}' then 1 end) as n_{{ state }}{{ ',' if not loop.last }}
{% endfor -%}
{%- endset %}
{% set min_difference = var('min_missing_difference') -%}
{% set few = 5 -%}  {# a value of fewer deals is as good as their own #}

with

deals as (

    select * from {{ ref('deal_features') }}

),

median_age as (

    select percentile_disc(0.5) within group (order by deal_age_days) as deal_age_days
    from deals
    where not is_open

),

stated as (

    select
        deals.*,
        case
            when deals.is_won = 1 then 'won'
            when deals.is_won = 0 then 'lost'
            when deals.deal_age_days >= median_age.deal_age_days then 'open'
        end as state
    from deals
    cross join median_age

),

level_counts as (

    {{ per_level(names, aggregates, 'stated') }}
),

counted as (

    select
        {% for state in ['won', 'lost', 'open'] -%}
        sum(n_{{ state }}) as n_{{ state }},
        coalesce(sum(case when level = 'Unknown' then n_{{ state }} end), 0) as n_missing_{{ state }},
        {% endfor -%}
        feature,
        count(case when n_won + n_lost > 0 then 1 end) as n_levels,
        min(case when n_won + n_lost > 0 then level end) as first_level
    from level_counts
    group by feature

),

shares as (

    select
        *,
        cast(n_missing_won as double) / nullif(n_won, 0) as missing_share_won,
        cast(n_missing_lost as double) / nullif(n_lost, 0) as missing_share_lost,
        cast(n_missing_open as double) / nullif(n_open, 0) as missing_share_open,
        cast(n_missing_won + n_missing_lost as double) / nullif(n_won + n_lost, 0) as missing_share_closed
    from counted

),

own_values as (

    select
        feature,
        count(*) as n_values,
        sum(n_closed_deals) as n_deals_with_value,
        coalesce(sum(case when n_closed_deals < {{ few }} then n_closed_deals end), 0) as n_deals_with_own_value
    from {{ ref('feature_levels') }}
    where feature_value != 'Unknown' and n_closed_deals > 0
    group by feature

),

identifiers as (

    select
        feature,
        n_values
    from own_values
    where
        n_values > {{ var('min_deals_per_level') }}
        and n_deals_with_own_value > {{ var('identifier_share') }} * n_deals_with_value

),

tested as (

    select
        shares.*,
        identifiers.n_values as n_identifier_values,
        abs(missing_share_won - missing_share_lost) >= {{ min_difference }}
        and abs(missing_share_won - missing_share_lost) > 4 * sqrt(
            missing_share_won * (1 - missing_share_won) / nullif(n_won, 0)
            + missing_share_lost * (1 - missing_share_lost) / nullif(n_lost, 0)
        ) as differs_by_outcome,
        missing_share_open - missing_share_closed >= {{ min_difference }}
        and missing_share_open - missing_share_closed > 4 * sqrt(
            missing_share_open * (1 - missing_share_open) / nullif(n_open, 0)
            + missing_share_closed * (1 - missing_share_closed) / nullif(n_won + n_lost, 0)
        ) as is_filled_in_late
    from shares
    left join identifiers on shares.feature = identifiers.feature

),

final as (

    select
        feature,
        cast(n_won + n_lost as bigint) as n_deals,
        n_levels,
        first_level,
        missing_share_won,
        missing_share_lost,
        missing_share_closed,
        missing_share_open,
        n_identifier_values,
        coalesce(differs_by_outcome, false) as differs_by_outcome,
        coalesce(is_filled_in_late, false) as is_filled_in_late,
        case
            when n_levels < 2 or n_identifier_values is not null then cast(null as string)
            when feature in ({{ quoted_list(var('known_at_close') or ['']) }}) then 'close'
            when differs_by_outcome or is_filled_in_late then 'close'
            else 'creation'
        end as known_at
    from tested

)

select * from final
order by feature
