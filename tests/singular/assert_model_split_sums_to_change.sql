-- Over all features and the baseline, explained and unexplained parts sum to the change of the overall
-- win rate. Only a comparison with too few deals has no split.

with

changes as (

    select * from {{ ref('win_rate_change') }} where basis = 'closed'

),

split as (

    select
        comparison,
        sum(explained_pp + unexplained_pp) as explained_and_unexplained_pp,
        sum(total_pp) as total_pp,
        min(evidence) as evidence
    from {{ ref('win_rate_change_model') }}
    group by comparison

)

select
    changes.comparison,
    changes.change_pp,
    split.explained_and_unexplained_pp,
    split.total_pp,
    split.evidence
from changes
left join split on changes.comparison = split.comparison
where
    (
        changes.change_pp is not null
        and split.total_pp is null
        and coalesce(split.evidence, '') != 'too few deals'
    )
    or abs(split.total_pp - changes.change_pp) > 1e-9
    or abs(split.explained_and_unexplained_pp - changes.change_pp) > 1e-9
