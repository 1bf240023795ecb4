-- The closed deals that the original recipe fits on, in the order of the export, as they
-- came: neither pooled nor banded. Above `importance_max_deals` a fixed sample of that size.

with

closed_deals as (

    select
        source_line,
        is_won,
        {% for feature in feature_names() -%}
        {{ feature }},
        {% endfor -%}
        row_number() over (order by md5(deal_id), source_line) as sample_rank
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
order by source_line
