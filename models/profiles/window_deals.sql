-- Deals by the window of each comparison in which they closed.

with

windows as (

    select * from {{ ref('comparison_windows') }} where basis = 'closed'

),

amounts as (

    select
        deal_id,
        deal_amount as amount
    from {{ ref('stg_deals') }}

),

final as (

    select
        windows.comparison,
        levels.closed_date < windows.after_start as is_before,
        levels.deal_id,
        {% for feature in feature_names() -%}
        levels.{{ feature }},
        {% endfor -%}
        levels.is_won,
        amounts.amount
    from {{ ref('deal_features') }} as levels
    inner join amounts on levels.deal_id = amounts.deal_id
    inner join windows
        on
            levels.closed_date between windows.before_start and windows.before_end
            or levels.closed_date between windows.after_start and windows.after_end

)

select * from final
