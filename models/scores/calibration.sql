with

estimates as (

    select * from {{ ref('est_score_calibration') }}

),

final as (

    {{ contracted('estimates') }}

)

select * from final
