-- Each closed deal per comparison in one of whose windows it closed.

with

windows as (

    select * from {{ ref('comparison_windows') }} where basis = 'closed'

),

deals as (

    select * from {{ ref('deal_features') }}

),

final as (

    select
        windows.comparison,
        windows.is_primary,
        deals.closed_date < windows.after_start as is_before,
        deals.deal_id,
        {% for feature in feature_names() -%}
        deals.{{ feature }},
        {% endfor -%}
        deals.is_won,
        deals.amount
    from deals
    inner join windows
        on
            deals.closed_date between windows.before_start and windows.before_end
            or deals.closed_date between windows.after_start and windows.after_end

)

select * from final
