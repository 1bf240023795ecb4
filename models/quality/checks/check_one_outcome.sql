-- All closed deals were won, or all were lost.

with

found as (

    select
        n_won + n_lost as n_deals,
        {{ outcome_counts() }} || ': no claim is made below {{ var("min_outcomes") }} of each.' as message
    from {{ ref('model_verdict') }}
    where least(n_won, n_lost) = 0

)

{{ check_shape('found') }}
