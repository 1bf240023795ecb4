with

estimates as (

    select
        *,
        {{ win_rate('n_won', '(n_won + n_lost)') }} as win_rate
    from {{ ref('est_verdict') }}

),

final as (

    {{ contracted('estimates') }}

)

select * from final
