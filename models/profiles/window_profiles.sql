-- One row per comparison and distinct combination of the levels known at creation: the counts of its closed
-- deals in both windows, by close date.

with

deals as (

    select * from {{ ref('window_deals') }}

),

counted as (

    select
        comparison,
        {% for feature in creation_features() -%}
        {{ feature }},
        {% endfor -%}
        count(case when is_before then 1 end) as n_before,
        count(case when is_before and is_won = 1 then 1 end) as n_won_before,
        count(case when not is_before then 1 end) as n_after,
        count(case when not is_before and is_won = 1 then 1 end) as n_won_after
    from deals
    group by all

),

final as (

    select
        comparison,
        {{ as_text(creation_features()) -}}
        n_before,
        n_won_before,
        n_after,
        n_won_after
    from counted

)

select * from final
order by all
