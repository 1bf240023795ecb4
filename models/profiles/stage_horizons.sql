-- Within how many days most of the deals that leave a stage have left it (`stage_horizon_share`), in one row; none
-- without a stage history. Shares of deals that went on are those within so many days, in all stages and periods alike.

with

ended as (

    select
        days_in_stage,
        sum(n_deals) as n_deals
    from {{ ref('stage_exits') }}
    where feature = 'all' and left_for is not null
    group by days_in_stage

),

counted as (

    select
        days_in_stage,
        sum(n_deals) over (order by days_in_stage) as n_up_to,
        sum(n_deals) over () as n_in_all
    from ended

),

final as (

    select cast(greatest(min(days_in_stage), 1) as bigint) as horizon_days
    from counted
    where n_up_to >= {{ var('stage_horizon_share') }} * n_in_all
    having count(*) > 0

)

select * from final
