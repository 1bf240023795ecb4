-- One row per comparison and combination of levels: its closed and won deals in both windows, by
-- close date. Counts are all that a model of both windows needs.

with

windows as (

    select * from {{ ref('comparison_windows') }} where basis = 'closed'

),

deals as (

    select
        deal_features.*,
        windows.comparison,
        deal_features.closed_date < windows.after_start as is_before
    from {{ ref('deal_features') }} as deal_features
    inner join windows
        on
            deal_features.closed_date between windows.before_start and windows.before_end
            or deal_features.closed_date between windows.after_start and windows.after_end

),

final as (

    select
        comparison,
        {% for feature in feature_names() -%}
        {{ feature }},
        {% endfor -%}
        count(case when is_before then 1 end) as n_before,
        count(case when is_before and is_won = 1 then 1 end) as n_won_before,
        count(case when not is_before then 1 end) as n_after,
        count(case when not is_before and is_won = 1 then 1 end) as n_won_after
    from deals
    where not is_open
    group by all

)

select * from final
order by all
