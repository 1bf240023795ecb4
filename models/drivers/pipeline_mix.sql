with

estimates as (

    select * from {{ ref('est_pipeline_mix') }}

),

level_totals as (

    select
        feature,
        level,
        n_open_deals,
        n_won,
        n_deals
    from {{ ref('level_totals') }}

),

final as (

    {{ contracted('estimates inner join level_totals using (feature, level)') }}

)

select * from final
order by feature, level
