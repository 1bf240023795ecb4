with

estimates as (

    select
        cast(level as date) as score_date,
        *
    from {{ ref('est_score_quality') }}
    where feature = 'score_date'

),

final as (

    {{ contracted('estimates') }}

)

select * from final
