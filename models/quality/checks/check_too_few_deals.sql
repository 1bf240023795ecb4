-- Fewer won or fewer lost deals than a claim needs.

with

found as (

    select
        n_won + n_lost as n_deals,
        {{ outcome_counts() }} || ': no claim is made below {{ var("min_outcomes") }} of each.' as message
    from {{ ref('model_verdict') }}
    where least(n_won, n_lost) between 1 and {{ var('min_outcomes') }} - 1

)

{{ check_shape('found') }}
