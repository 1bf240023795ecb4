-- The closed deals that the original recipe is fitted on, with raw feature values, none missing. Above
-- `importance_max_deals` a fixed sample of that size.
--
-- The recipe splits deals by their position. So that the order of the export's rows has no effect, they
-- are ordered by id, shorter ids first (9 before 10), as CRMs number deals and most exports list them.

{% set is_complete -%}
not is_open
{%- for feature in numeric_features() %}
and ({{ feature }} is not null or '{{ feature }}' not in (select compared.feature from compared))
{%- endfor %}
{%- endset %}

with

compared as (

    {{ compared_features() }}

),

-- The order of a hash of the ids is a random one. Its first groups, which have enough deals together, are found by
-- their number, so that only these are put in order.
hash_groups as (

    select
        left(md5(deal_id), 3) as hash_group,
        count(*) as n_deals
    from {{ ref('stg_deals') }}
    where {{ is_complete }}
    group by hash_group

),

first_groups as (

    select
        hash_group,
        sum(n_deals) over (order by hash_group asc) - n_deals as n_before
    from hash_groups

),

sampled as (

    select
        deal_id,
        {% for feature in feature_names() -%}
        {{ feature }},
        {% endfor -%}
        is_won
    from {{ ref('stg_deals') }}
    inner join first_groups on left(md5(deal_id), 3) = first_groups.hash_group
    where first_groups.n_before < {{ var('importance_max_deals') }} and {{ is_complete }}
    order by md5(deal_id) asc, deal_id asc
    limit {{ var('importance_max_deals') }}

)

select * from sampled
order by length(deal_id), deal_id
