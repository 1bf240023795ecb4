-- By the lead source as the export has it: rare ones are not pooled. No row where all deals have the same one.

with

deals as (

    select * from {{ ref('stg_deals') }}

),

sources as (

    select
        lead_source,
        count(*) as n_leads,
        {{ deal_totals() }}
    from deals
    group by lead_source
    qualify count(*) over () > 1

),

final as (

    select
        lead_source,
        n_leads,
        n_deals,
        n_won,
        {{ win_rate('n_won', 'n_deals') }} as win_rate,
        {{ wilson_low('n_won', 'n_deals') }} as win_rate_low,
        {{ wilson_high('n_won', 'n_deals') }} as win_rate_high,
        average_won_amount as average_deal_amount,
        {{ value_per_deal('n_won', 'n_deals', 'average_won_amount') }} as value_per_deal,
        won_amount as amount_won,
        won_amount / nullif(n_leads, 0) as amount_per_lead,
        {{ amount_weighted_win_rate('won_amount', 'closed_amount') }} as amount_weighted_win_rate,
        n_open_deals,
        open_amount
    from sources

)

select * from final
order by lead_source
