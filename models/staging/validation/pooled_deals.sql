-- Levels of pipeline_name and deal_type whose win rate differs from that of the other deals beyond chance, where no
-- feature tells them apart: win rates and drivers of the pooled deals are then those of none of them.
--
-- The difference of two proportions against its standard error (the score test of Pearson 1900); of so many errors
-- that it is beyond chance however many levels are looked at (`pooled_standard_errors`).

{% set columns = ['pipeline_name', 'deal_type'] | reject('in', feature_names()) | list -%}

with

closed_deals as (

    select * from {{ ref('stg_deals') }} where not is_open

),

counted as (

    {% for column in columns -%}
    select
        '{{ column }}' as column_name,
        {{ column }} as level,
        count(*) as n_deals,
        cast(sum(is_won) as bigint) as n_won,
        sum(count(*)) over () as n_in_all,
        sum(sum(is_won)) over () as n_won_in_all
    from closed_deals
    where {{ column }} is not null
    group by {{ column }}
    {{ 'union all' if not loop.last }}
    {% else -%}
    select
        cast(null as {{ dbt.type_string() }}) as column_name,
        cast(null as {{ dbt.type_string() }}) as level,
        cast(null as bigint) as n_deals,
        cast(null as bigint) as n_won,
        cast(null as bigint) as n_in_all,
        cast(null as bigint) as n_won_in_all
    where false
    {% endfor %}
),

shares as (

    select
        *,
        n_won / cast(n_deals as double) as win_rate,
        (n_won_in_all - n_won) / cast(nullif(n_in_all - n_deals, 0) as double) as win_rate_of_others,
        n_won_in_all / cast(n_in_all as double) as win_rate_in_all
    from counted

),

final as (

    select
        column_name,
        level,
        n_deals,
        n_won,
        win_rate
    from shares
    where
        n_deals >= {{ var('min_deals_per_level') }}
        and n_in_all - n_deals >= {{ var('min_deals_per_level') }}
        and abs(win_rate - win_rate_of_others) * 100 >= {{ var('min_effect_pp') }}
        and power(win_rate - win_rate_of_others, 2)
        > power({{ var('pooled_standard_errors') }}, 2) * win_rate_in_all * (1 - win_rate_in_all)
        * (1.0 / nullif(n_deals, 0) + 1.0 / (n_in_all - n_deals))

)

select * from final
