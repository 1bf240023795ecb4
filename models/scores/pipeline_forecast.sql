-- What the open deals will bring until the end of this quarter, of the next one and in the end, beside what is won.

{% set amounts = ['expected_amount', 'p10_amount', 'p50_amount', 'p90_amount'] -%}
{% set weights = ['win_probability', 'win_probability_low', 'win_probability_high'] -%}

with

score_dates as (

    select * from {{ ref('score_dates') }} where is_as_of

),

horizons as (

    {% for horizon, days in [('this quarter', 'days_to_quarter_end'), ('next quarter', 'days_to_next_quarter_end')] -%}
    select
        '{{ horizon }}' as horizon,
        score_date as as_of_date,
        {{ add_days('score_date', days) }} as horizon_end
    from score_dates
    union all
    {% endfor -%}
    select
        'in the end' as horizon,
        score_date as as_of_date,
        cast(null as date) as horizon_end
    from score_dates

),

entity_types as (

    {{ listed(['all', 'owner', 'stage'], 'entity_type') }}

),

-- A won deal has left its stage.
deals as (

    select
        entity_types.entity_type,
        case entity_types.entity_type when 'owner' then deals.owner when 'stage' then deals.stage else 'all' end
            as entity_id,
        deals.*
    from {{ ref('forecast_deals') }} as deals
    cross join entity_types
    where deals.is_open or entity_types.entity_type != 'stage'

),

entities as (

    select
        'all' as entity_type,
        'all' as entity_id
    union
    select
        entity_type,
        entity_id
    from deals

),

horizon_deals as (

    select
        horizons.*,
        entities.entity_type,
        entities.entity_id,
        deals.is_open,
        deals.amount,
        {% for weight in weights -%}
        deals.{{ weight }},
        {% endfor -%}
        deals.expected_close_date,
        case when deals.is_open then deals.crm_probability end as crm_probability,
        deals.is_open and (
            horizons.horizon_end is null
            or (deals.expected_close_date > horizons.as_of_date and deals.expected_close_date <= horizons.horizon_end)
        ) as is_expected
    from horizons
    cross join entities
    left join deals on entities.entity_type = deals.entity_type and entities.entity_id = deals.entity_id

),

totals as (

    select
        horizon,
        entity_type,
        entity_id,
        as_of_date,
        horizon_end,
        count(case when is_open then 1 end) as n_open_deals,
        count(case when is_open then win_probability end) as n_scored_deals,
        {{ sum_amount('case when is_open then amount end') }} as open_amount,
        {{ sum_amount('case when not is_open then amount end') }} as won_amount,
        {{ sum_amount('case when is_expected then amount end') }} as amount_at_win_rate,
        count(crm_probability) as n_crm_probabilities,
        {{ sum_amount('case when is_expected then crm_probability / 100 * amount end') }} as crm_amount,
        {% for weight in weights -%}
        {{ sum_amount('case when is_open then ' ~ weight ~ ' * amount end') }} as {{ weight }}_amount,
        {% endfor -%}
        count(expected_close_date) as n_expected_dates
    from horizon_deals
    group by horizon, entity_type, entity_id, as_of_date, horizon_end

),

win_rates as (

    select {{ win_rate('n_won', 'n_deals') }} as win_rate from {{ ref('pipeline_totals') }}

),

-- There is no forecast where some deals have no score.
forecasts as (

    select
        totals.*,
        {% for amount in amounts -%}
        case when totals.n_scored_deals = totals.n_open_deals then coalesce(estimates.{{ amount }}, 0) end
            as {{ amount }},
        {% endfor -%}
        totals.horizon_end is null and totals.n_scored_deals = totals.n_open_deals as is_weighted,
        totals.horizon_end is null or totals.n_expected_dates > 0 as has_expected,
        totals.horizon_end is not null and totals.entity_type != 'stage' as has_won_amount
    from totals
    left join {{ ref('est_pipeline_forecast') }} as estimates
        on
            totals.horizon = estimates.horizon
            and totals.entity_type = estimates.entity_type
            and totals.entity_id = estimates.entity_id

),

past as (

    select
        'all' as entity_type,
        count(is_inside) as n_past_forecasts,
        count(case when is_inside then 1 end) as n_past_inside
    from {{ ref('forecast_backtest') }}
    where is_whole_quarter

),

final as (

    select
        forecasts.as_of_date,
        forecasts.n_open_deals,
        forecasts.n_scored_deals,
        forecasts.open_amount,
        {% for weight in weights -%}
        case when forecasts.is_weighted then forecasts.{{ weight }}_amount end
            as {{ weight | replace('win_probability', 'weighted_pipeline_amount') }},
        {% endfor -%}
        case when forecasts.has_expected then win_rates.win_rate * forecasts.amount_at_win_rate end
            as base_rate_pipeline_amount,
        forecasts.horizon,
        forecasts.entity_type,
        forecasts.entity_id,
        forecasts.horizon_end,
        case when forecasts.has_won_amount then forecasts.won_amount end as won_amount,
        {% for amount in amounts -%}
        forecasts.{{ amount }},
        {% endfor -%}
        {% for amount in amounts -%}
        case when forecasts.has_won_amount then forecasts.won_amount + forecasts.{{ amount }} end as total_{{ amount }},
        {% endfor -%}
        case when forecasts.has_expected and forecasts.n_crm_probabilities > 0 then forecasts.crm_amount end
            as crm_forecast_amount,
        past.n_past_forecasts,
        past.n_past_inside,
        {{ win_rate('past.n_past_inside', 'past.n_past_forecasts') }} as share_inside_p10_p90,
        {{ wilson_low('past.n_past_inside', 'past.n_past_forecasts') }} as share_inside_p10_p90_low,
        {{ wilson_high('past.n_past_inside', 'past.n_past_forecasts') }} as share_inside_p10_p90_high
    from forecasts
    cross join win_rates
    left join past on forecasts.entity_type = past.entity_type

)

select * from final
