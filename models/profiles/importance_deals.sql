-- The closed deals that the original recipe is fitted on, with raw feature values, none missing. Above
-- `importance_max_deals` a fixed sample of that size.
--
-- The recipe splits deals by their position. So that the order of the export's rows has no effect, they
-- are ordered by id, shorter ids first (9 before 10), as CRMs number deals and most exports list them.

with

compared as (

    {{ compared_features() }}

),

closed_deals as (

    select
        deal_id,
        is_won,
        {% for feature in feature_names() -%}
        {{ feature }},
        {% endfor -%}
        md5(deal_id) as sample_order
    from {{ ref('stg_deals') }}
    where
        not is_open
        {%- for feature in numeric_features() %}
        and ({{ feature }} is not null or '{{ feature }}' not in (select compared.feature from compared))
        {%- endfor %}

),

sampled as (

    select *
    from closed_deals
    order by sample_order asc, deal_id asc
    limit {{ var('importance_max_deals') }}

),

final as (

    select
        deal_id,
        {% for feature in feature_names() -%}
        {{ feature }},
        {% endfor -%}
        is_won
    from sampled

)

select * from final
order by length(deal_id), deal_id
