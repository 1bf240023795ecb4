-- Levels of pipeline_name and deal_type whose win rate differs from that of the other deals beyond chance, where no
-- feature tells them apart: win rates and drivers of the pooled deals are then those of none of them.
--
-- The difference of two proportions against its standard error (the score test of Pearson 1900); of so many errors
-- that it is beyond chance however many levels are looked at (`pooled_standard_errors`). Deals of one rep are alike, so
-- the variance is at least that of the sums of each rep's deals (Liang and Zeger 1986).

{% set columns = ['pipeline_name', 'deal_type'] | reject('in', feature_names()) | list -%}
{% set scale = '1000000000000000' -%}

with

closed_deals as (

    select * from {{ ref('stg_deals') }} where not is_open

),

by_rep as (

    {% for column in columns -%}
    select
        '{{ column }}' as column_name,
        {{ column }} as level,
        sales_rep_id,
        count(*) as n_deals,
        sum(is_won) as n_won
    from closed_deals
    where {{ column }} is not null
    group by {{ column }}, sales_rep_id
    {{ 'union all' if not loop.last }}
    {% else -%}
    select
        cast(null as {{ dbt.type_string() }}) as column_name,
        cast(null as {{ dbt.type_string() }}) as level,
        cast(null as {{ dbt.type_string() }}) as sales_rep_id,
        cast(null as bigint) as n_deals,
        cast(null as bigint) as n_won
    where false
    {% endfor %}
),

counted as (

    select
        column_name,
        level,
        {{ whole_sum('n_deals') }} as n_deals,
        {{ whole_sum('n_won') }} as n_won,
        sum(sum(n_deals)) over (partition by column_name) as n_in_all,
        sum(sum(n_won)) over (partition by column_name) as n_won_in_all
    from by_rep
    group by column_name, level

),

shares as (

    select
        *,
        n_in_all - n_deals as n_others,
        n_won / cast(n_deals as double) as win_rate,
        (n_won_in_all - n_won) / cast(nullif(n_in_all - n_deals, 0) as double) as win_rate_of_others,
        n_won_in_all / cast(n_in_all as double) as win_rate_in_all
    from counted

),

different as (

    select
        *,
        win_rate_in_all * (1 - win_rate_in_all) * (1.0 / nullif(n_deals, 0) + 1.0 / nullif(n_others, 0))
            as variance_of_deals
    from shares
    where
        n_deals >= {{ var('min_deals_per_level') }}
        and n_others >= {{ var('min_deals_per_level') }}
        and abs(win_rate - win_rate_of_others) * 100 >= {{ var('min_effect_pp') }}

),

rep_counts as (

    select
        different.column_name,
        different.level,
        by_rep.sales_rep_id,
        {{ whole_sum('case when by_rep.level = different.level then by_rep.n_deals end') }} as n_deals,
        {{ whole_sum('case when by_rep.level = different.level then by_rep.n_won end') }} as n_won,
        {{ whole_sum('case when by_rep.level != different.level then by_rep.n_deals end') }} as n_others,
        {{ whole_sum('case when by_rep.level != different.level then by_rep.n_won end') }} as n_won_of_others
    from different
    inner join by_rep on different.column_name = by_rep.column_name
    group by different.column_name, different.level, by_rep.sales_rep_id

),

-- What the deals of a rep add to the difference: those won less those expected at the win rate of their group.
rep_scores as (

    select
        rep_counts.column_name,
        rep_counts.level,
        (rep_counts.n_won - different.win_rate * rep_counts.n_deals) / nullif(different.n_deals, 0)
        - (rep_counts.n_won_of_others - different.win_rate_of_others * rep_counts.n_others)
        / nullif(different.n_others, 0) as score
    from rep_counts
    inner join different
        on rep_counts.column_name = different.column_name and rep_counts.level = different.level

),

-- Sums are of whole numbers, so that they do not depend on the order of rows.
rep_variances as (

    select
        column_name,
        level,
        count(*) / cast(nullif(count(*) - 1, 0) as double)
        * {{ whole_sum('round(' ~ scale ~ ' * score * score)') }} / nullif({{ scale }}, 0) as variance_of_reps
    from rep_scores
    group by column_name, level

),

final as (

    select
        different.column_name,
        different.level,
        different.n_deals,
        different.n_won,
        different.win_rate
    from different
    inner join rep_variances
        on different.column_name = rep_variances.column_name and different.level = rep_variances.level
    where
        power(different.win_rate - different.win_rate_of_others, 2)
        > power({{ var('pooled_standard_errors') }}, 2)
        * greatest(different.variance_of_deals, coalesce(rep_variances.variance_of_reps, 0))

)

select * from final
