with

estimates as (

    select
        verdict.*,
        gate.score_withheld_because,
        {{ win_rate('verdict.n_won', '(verdict.n_won + verdict.n_lost)') }} as win_rate
    from {{ ref('est_verdict') }} as verdict
    cross join {{ ref('est_score_gate') }} as gate

),

final as (

    {{ contracted('estimates') }}

)

select * from final
