-- The closed deals that the original recipe fits on, as they came: neither pooled nor banded.
-- Above `importance_max_deals` a fixed sample of that size.
--
-- The recipe splits deals by their position, so they stand in an order of their own: that of their
-- ids, shorter ones first (9 before 10), in which CRMs number deals and most exports list them. The
-- order of the export's rows makes no difference.

with

closed_deals as (

    select
        deal_id,
        is_won,
        {% for feature in feature_names() -%}
        {{ feature }},
        {% endfor -%}
        row_number() over (order by md5(deal_id), deal_id) as sample_rank
    from {{ ref('stg_deals') }}
    where
        not is_open
        {%- for feature in numeric_features() %}
        and {{ feature }} is not null
        {%- endfor %}

),

final as (

    select * exclude (sample_rank)
    from closed_deals
    where sample_rank <= {{ var('importance_max_deals') }}

)

select * from final
order by length(deal_id), deal_id
