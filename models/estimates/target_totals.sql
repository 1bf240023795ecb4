-- Counts and amounts of each target: what was won in its period, and what is open. The expected amount of open deals
-- comes from their win probabilities or, where those are withheld, from the overall win rate. Where no open deal has an
-- expected close date, all of them count for a period of the present.

{% set ends = ['probability', 'probability_low', 'probability_high'] -%}

with

targets as (

    select * from {{ ref('target_periods') }} where period_start is not null

),

members as (

    select * from {{ ref('target_members') }}

),

won_days as (

    select
        sales_rep_id,
        owner_name,
        team,
        closed_date,
        count(*) as n_won,
        {{ sum_amount('deal_amount') }} as won_amount
    from {{ ref('stg_deals') }}
    where is_won = 1 and closed_date is not null and exists (select 1 from targets)
    group by sales_rep_id, owner_name, team, closed_date

),

won as (

    select
        targets.file_line,
        {{ whole_sum('won_days.n_won') }} as n_won,
        {{ sum_amount('won_days.won_amount') }} as won_amount
    from won_days
    inner join members
        on
            won_days.sales_rep_id = members.sales_rep_id
            and won_days.owner_name is not distinct from members.owner_name
            and won_days.team is not distinct from members.team
    inner join targets
        on
            members.file_line = targets.file_line
            and won_days.closed_date between targets.period_start and targets.period_end
    group by targets.file_line

),

scores as (

    select
        deal_id,
        win_probability,
        win_probability_low,
        win_probability_high
    from {{ ref('deal_scores') }}
    where status = 'open' and exists (select 1 from targets)

),

win_rates as (

    select
        {{ win_rate('totals.n_won', 'totals.n_deals') }} as probability,
        {{ wilson_low('totals.n_won', 'totals.n_deals') }} as probability_low,
        {{ wilson_high('totals.n_won', 'totals.n_deals') }} as probability_high,
        gate.score_withheld_because is null
        and not exists (select 1 from scores where win_probability is null) as has_scores
    from {{ ref('pipeline_totals') }} as totals
    cross join {{ ref('est_score_gate') }} as gate

),

open_deals as (

    select
        deals.sales_rep_id,
        deals.owner_name,
        deals.team,
        deals.expected_close_date,
        deals.deal_amount,
        {% for end in ends -%}
        case when win_rates.has_scores then scores.win_{{ end }} else win_rates.{{ end }} end as {{ end }},
        {% endfor -%}
        count(deals.expected_close_date) over () > 0 as has_expected_dates
    from {{ ref('stg_deals') }} as deals
    inner join scores on deals.deal_id = scores.deal_id
    cross join win_rates

),

-- The deviation of a deal's amount that is won, by chance alone.
spread as (

    select
        *,
        cast({{ cents('sqrt(probability * (1 - probability)) * deal_amount') }} as decimal(19, 0)) as deviation_cents
    from open_deals

),

of_targets as (

    select
        targets.file_line,
        spread.*,
        case
            when targets.is_over then false
            when spread.has_expected_dates
                then coalesce(spread.expected_close_date between targets.period_start and targets.period_end, false)
            else targets.is_current
        end as is_expected
    from spread
    inner join members
        on
            spread.sales_rep_id = members.sales_rep_id
            and spread.owner_name is not distinct from members.owner_name
            and spread.team is not distinct from members.team
    inner join targets on members.file_line = targets.file_line

),

open_totals as (

    select
        file_line,
        count(*) as n_open_deals_in_all,
        {{ sum_amount('deal_amount') }} as open_amount_in_all,
        count(case when is_expected then 1 end) as n_open_deals,
        {{ sum_amount('case when is_expected then deal_amount end') }} as open_amount,
        {% for end in ends -%}
        {{ sum_amount('case when is_expected then ' ~ end ~ ' * deal_amount end') }}
            as {{ end | replace('probability', 'expected_amount') }},
        {% endfor -%}
        cast(coalesce(sum(
            case when is_expected then deviation_cents * deviation_cents end
        ), 0) as double) / 10000 as outcome_variance
    from of_targets
    group by file_line

),

date_facts as (

    select coalesce(bool_or(has_expected_dates), false) as has_expected_dates from open_deals

),

known as (

    select distinct file_line from members

),

final as (

    select
        targets.file_line,
        coalesce(won.n_won, 0) as n_won,
        coalesce(won.won_amount, 0) as won_amount,
        coalesce(open_totals.n_open_deals_in_all, 0) as n_open_deals_in_all,
        coalesce(open_totals.open_amount_in_all, 0) as open_amount_in_all,
        coalesce(open_totals.n_open_deals, 0) as n_open_deals,
        coalesce(open_totals.open_amount, 0) as open_amount,
        {% for end in ends -%}
        case
            when win_rates.has_scores or win_rates.probability is not null
                then coalesce(open_totals.{{ end | replace('probability', 'expected_amount') }}, 0)
        end as {{ end | replace('probability', 'expected_amount') }},
        {% endfor -%}
        coalesce(open_totals.outcome_variance, 0) as outcome_variance,
        case when win_rates.has_scores then 'scores' else 'win rate' end as weighted_by,
        date_facts.has_expected_dates,
        known.file_line is not null as has_members
    from targets
    cross join win_rates
    cross join date_facts
    left join known on targets.file_line = known.file_line
    left join won on targets.file_line = won.file_line
    left join open_totals on targets.file_line = open_totals.file_line

)

select * from final
