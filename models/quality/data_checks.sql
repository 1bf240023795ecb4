-- Leaks and traps in the data, each with a sentence: what is left out of the models, and what
-- must be read with care. Nothing found, no row.

with

verdict as (

    select
        *,
        n_won + n_lost as n_closed,
        least(n_won, n_lost) as n_fewest
    from {{ ref('model_verdict') }}

),

levels as (

    select
        *,
        sum(case when n_deals > 0 then 1 else 0 end) over (partition by feature) as n_levels
    from {{ ref('level_totals') }}

),

estimates as (

    select * from {{ ref('win_rate_drivers') }}

),

segments as (

    select * from {{ ref('win_rate_change_segments') }} where comparison = 'last two quarters'

),

-- Of a feature that is left out as a whole, one row, not one per level.
features_left_out as (

    select
        feature,
        max(left_out_because) as left_out_because,
        sum(n_deals) as n_deals
    from estimates
    group by feature
    having count(left_out_because) = count(*)

),

few_outcomes as (

    select
        case
            when n_fewest = 0 then 'one_outcome'
            when n_fewest < {{ var('min_outcomes') }} then 'too_few_deals'
            else 'low_evidence'
        end as check_name,
        cast(null as {{ dbt.type_string() }}) as feature,
        cast(null as {{ dbt.type_string() }}) as level,
        n_closed as n_deals,
        {{ as_count('n_won') }} || ' won and ' || {{ as_count('n_lost') }} || ' lost deals: '
        || case
            when n_fewest < {{ var('min_outcomes') }}
                then 'no claim is made below {{ var("min_outcomes") }} of each.'
            else 'claims on fewer than {{ var("low_evidence_outcomes") }} of each carry low evidence.'
        end as message
    from verdict
    where n_fewest < {{ var('low_evidence_outcomes') }}

),

named_outcomes as (

    select
        'feature_names_outcome' as check_name,
        feature,
        cast(null as {{ dbt.type_string() }}) as level,
        n_deals,
        {{ feature_title('feature') }} || ' states the outcome of its deals instead of foretelling it: '
        || 'it is left out of the drivers and the scores.' as message
    from features_left_out
    where left_out_because = 'names the outcome'

),

repeated_features as (

    select
        'feature_repeats_another' as check_name,
        feature,
        cast(null as {{ dbt.type_string() }}) as level,
        n_deals,
        {{ feature_title('feature') }} || ' ' || replace(left_out_because, '_', ' ')
        || ': it is left out of the drivers, which could not tell the two apart.' as message
    from features_left_out
    where left_out_because like 'repeats %'

),

repeated_levels as (

    select
        'level_repeats_others' as check_name,
        estimates.feature,
        estimates.level,
        estimates.n_deals,
        {{ feature_title('estimates.feature') }} || ' ' || estimates.level
        || ' is in the same deals as levels of other features: '
        || 'it has no effect of its own and counts as the average of its feature.' as message
    from estimates
    left join features_left_out on estimates.feature = features_left_out.feature
    where estimates.left_out_because like 'repeats %' and features_left_out.feature is null

),

single_levels as (

    select
        'feature_has_one_level' as check_name,
        feature,
        level,
        n_deals,
        {{ feature_title('feature') }} || ' is ' || level || ' in all closed deals: '
        || 'there is nothing to compare.' as message
    from levels
    where n_levels = 1 and n_deals > 0 and level not in ('Unknown', 'Other')

),

-- Quasi-separation: a level that (nearly) never, or always, wins.
separated_levels as (

    select
        case when levels.n_won in (0, levels.n_deals) then 'level_is_determined' else 'quasi_separation' end
            as check_name,
        levels.feature,
        levels.level,
        levels.n_deals,
        {{ feature_title('levels.feature') }} || ' ' || levels.level || ': '
        || {{ as_count('levels.n_won') }} || ' of ' || {{ as_deals('levels.n_deals') }} || ' were won; '
        || case
            when estimates.left_out_because is null then 'read the size of its effect with care.'
            else 'no model can put a size to it, so it is left out.'
        end as message
    from levels
    inner join estimates
        on levels.feature = estimates.feature and levels.level = estimates.level
    where
        levels.n_deals >= {{ var('min_deals_per_level') }}
        and (levels.n_won <= 0.02 * levels.n_deals or levels.n_won >= 0.98 * levels.n_deals)
        and coalesce(estimates.left_out_because, '') not in ('names the outcome', 'has one level')
        and coalesce(estimates.left_out_because, '') not like 'repeats %'

),

new_levels as (

    select
        'level_is_new' as check_name,
        feature,
        level,
        n_after as n_deals,
        {{ feature_title('feature') }} || ' ' || level || ' is in ' || {{ as_deals('n_after') }}
        || ' closed in the last two quarters and in none of the two before: '
        || 'its part in a change is one of mix, and no rate can be compared.' as message
    from segments
    where n_before = 0 and n_after >= {{ var('min_deals_per_level') }}

),

cycles_off as (

    select
        'cycle_disagrees_with_dates' as check_name,
        'sales_cycle_days' as feature,
        cast(null as {{ dbt.type_string() }}) as level,
        count(*) as n_deals,
        'sales_cycle_days is not the number of days from created_date to closed_date in '
        || {{ as_deals('count(*)') }} || '; the given number is used.' as message
    from {{ ref('stg_deals') }}
    where abs(sales_cycle_days - deal_age_days) > 1 and not is_open
    having count(*) > 0

),

unparsed_cells as (

    select
        'cells_not_read' as check_name,
        case when column_name in ({{ quoted_list(feature_names()) }}) then column_name end as feature,
        cast(null as {{ dbt.type_string() }}) as level,
        count(*) as n_deals,
        column_name || ' cannot be read in ' || {{ as_deals('count(*)') }} || ', such as '''
        || min(cell) || ''': it counts as empty there.' as message
    from {{ ref('unparsed_cells') }}
    group by column_name

),

unioned as (

    select * from few_outcomes
    union all
    select * from named_outcomes
    union all
    select * from repeated_features
    union all
    select * from repeated_levels
    union all
    select * from single_levels
    union all
    select * from separated_levels
    union all
    select * from new_levels
    union all
    select * from cycles_off
    union all
    select * from unparsed_cells

),

final as (

    select
        check_name,
        cast(feature as {{ dbt.type_string() }}) as feature,
        cast(level as {{ dbt.type_string() }}) as level,
        cast(n_deals as bigint) as n_deals,
        message
    from unioned

)

select * from final
order by check_name, feature, level
