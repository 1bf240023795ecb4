-- Enough won and lost deals for claims, but so few of either that claims carry low evidence.

with

found as (

    select
        n_won + n_lost as n_deals,
        {{ outcome_counts() }}
        || ': claims on fewer than {{ var("low_evidence_outcomes") }} of each carry low evidence.' as message
    from {{ ref('model_verdict') }}
    where least(n_won, n_lost) between {{ var('min_outcomes') }} and {{ var('low_evidence_outcomes') }} - 1

)

{{ check_shape('found') }}
