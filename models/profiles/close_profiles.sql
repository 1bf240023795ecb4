-- One row per distinct combination of the levels of all features among the closed deals, those that are known
-- only at close included.

with

closed_deals as (

    select * from {{ ref('deal_features') }} where not is_open

),

counted as (

    select
        {% for feature in feature_names() -%}
        {{ feature }},
        {% endfor -%}
        count(*) as n_deals,
        cast(sum(is_won) as bigint) as n_won
    from closed_deals
    group by all

),

final as (

    select
        {{ as_text(feature_names()) -}}
        n_deals,
        n_won
    from counted

)

select * from final
order by all
