{% set z = z_95() | float -%}
{% set of_open = ['n_open_deals', 'open_amount', 'weighted_amount', 'weighted_amount_low', 'weighted_amount_high'] -%}

with

targets as (

    select * from {{ ref('target_periods') }}

),

totals as (

    select * from {{ ref('target_totals') }}

),

-- Two errors of the expected amount: that of the probabilities, as if it were the same for all deals, and the chance of
-- the outcomes. Both are at the 95% level, and independent (MOVER; Zou and Donner 2008).
weighted as (

    select
        *,
        expected_amount as weighted_amount,
        case
            when expected_amount is not null
                then greatest(
                    expected_amount
                    - sqrt(power(expected_amount - expected_amount_low, 2) + {{ z * z }} * outcome_variance),
                    0
                )
        end as weighted_amount_low,
        case
            when expected_amount is not null
                then least(
                    expected_amount
                    + sqrt(power(expected_amount_high - expected_amount, 2) + {{ z * z }} * outcome_variance),
                    open_amount
                )
        end as weighted_amount_high
    from totals

),

-- A period that is over has no pipeline. Without expected close dates, all open deals count for a period of the
-- present, and what a later one has is not known.
joined as (

    select
        targets.*,
        weighted.n_won,
        weighted.won_amount,
        weighted.weighted_by,
        weighted.has_expected_dates,
        weighted.has_members,
        greatest(targets.target_amount - weighted.won_amount, 0) as needed_amount,
        weighted.n_open_deals_in_all,
        weighted.open_amount_in_all,
        {% for column in of_open -%}
        case
            when not targets.is_over and (weighted.has_expected_dates or targets.is_current) then weighted.{{ column }}
        end as {{ column }},
        {% endfor -%}
        patterns.n_pattern_periods,
        patterns.share_of_pattern
    from targets
    inner join weighted on targets.file_line = weighted.file_line
    left join {{ ref('target_patterns') }} as patterns
        on targets.period_start = patterns.period_start and targets.n_months = patterns.n_months

),

ratios as (

    select
        *,
        open_amount / nullif(needed_amount, 0) as coverage_ratio,
        {% for end in ['', '_low', '_high'] -%}
        weighted_amount{{ end }} / nullif(needed_amount, 0) as weighted_coverage_ratio{{ end }},
        {% endfor -%}
        case when entity_type != 'all' then {{ name_in_text('entity_id') }} || ', ' else '' end || period as title
    from joined

),

final as (

    select
        period,
        grain,
        period_start,
        period_end,
        entity_type,
        entity_id,
        as_of_date,
        is_over,
        is_current,
        target_amount,
        n_won,
        won_amount,
        won_amount / nullif(target_amount, 0) as share_won,
        needed_amount,
        n_open_deals,
        open_amount,
        case
            when open_amount is not null
                then case when has_expected_dates then 'expected close dates' else 'all open deals' end
        end as open_by,
        n_open_deals_in_all,
        open_amount_in_all,
        weighted_amount,
        weighted_amount_low,
        weighted_amount_high,
        case when weighted_amount is not null then weighted_by end as weighted_by,
        coverage_ratio,
        weighted_coverage_ratio,
        weighted_coverage_ratio_low,
        weighted_coverage_ratio_high,
        n_pattern_periods,
        share_of_pattern,
        title || ': ' || {{ as_count('won_amount') }} || ' won of a target of ' || {{ as_count('target_amount') }}
        || coalesce(' (' || {{ as_percent('won_amount / nullif(target_amount, 0)') }} || ')', '')
        || case
            when not has_members then '; no deal of the export has this ' || entity_type
            when is_over then ''
            when needed_amount = 0 then '; nothing more is needed'
            when coverage_ratio is null
                then '; coverage is not known, since no open deal has an expected close date'
            else
                '; '
                || case
                    when has_expected_dates then ''
                    else 'with all open deals, of which none has an expected close date, '
                end
                || 'coverage ' || {{ as_decimal('coverage_ratio') }} || ' times'
                || coalesce(
                    ', weighted ' || {{ as_decimal('weighted_coverage_ratio') }} || ' times ('
                    || {{ as_decimal('weighted_coverage_ratio_low') }} || ' to '
                    || {{ as_decimal('weighted_coverage_ratio_high') }} || ')'
                    || case when weighted_by = 'win rate' then ' by the overall win rate, without scores' else '' end,
                    ''
                )
        end
        || coalesce(
            '. Earlier ' || grain || 's had ' || {{ as_percent('share_of_pattern') }}
            || ' of what they won in the end by this day',
            ''
        )
        || '.' as statement
    from ratios

)

select * from final
order by period_start, grain, entity_type, entity_id
