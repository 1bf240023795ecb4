with

estimates as (

    select * from {{ ref('est_score_quality') }} where feature != 'score_date'

),

final as (

    {{ contracted('estimates') }}

)

select * from final
