-- The amount that the open pipeline brings per day at the speed, price and win rate of the past. Only by
-- features known while a deal is open: the win rate of a last stage is not that of an open stage.

with

level_totals as (

    select * from {{ ref('level_totals') }} where feature in ({{ quoted_list(creation_features()) }})

),

deals as (

    select * from {{ ref('stg_deals') }}

),

totals as (

    select * from level_totals

    union all

    select
        'all deals' as feature,
        'all deals' as level,
        {{ deal_totals() }},
        {{ mean_of('case when is_won = 1 then ' ~ lived_cycle_days() ~ ' end') }} as mean_won_cycle_days
    from deals

),

final as (

    select
        feature,
        level,
        n_open_deals,
        n_deals,
        {{ win_rate('n_won', 'n_deals') }} as win_rate,
        average_won_amount as average_deal_amount,
        mean_won_cycle_days as mean_cycle_days,
        case
            when n_open_deals = 0 or (n_deals > 0 and n_won = 0) then 0
            else
                n_open_deals * {{ value_per_deal('n_won', 'n_deals', 'average_won_amount') }}
                / greatest(mean_won_cycle_days, 1)
        end as velocity_amount_per_day
    from totals

)

select * from final
order by feature, level
