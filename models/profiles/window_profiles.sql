-- One row per comparison and distinct combination of the levels known at creation: the counts of its closed
-- deals in both windows, by close date. Windows are whole months.

with

windows as (

    select * from {{ ref('comparison_windows') }} where basis = 'closed'

),

months as (

    select
        cast(date_trunc('month', closed_date) as date) as month_start,
        {% for feature in creation_features() -%}
        {{ feature }},
        {% endfor -%}
        count(*) as n_deals,
        sum(is_won) as n_won
    from {{ ref('deal_features') }}
    where closed_date is not null
    group by all

),

window_months as (

    select
        windows.comparison,
        months.month_start < windows.after_start as is_before,
        {% for feature in creation_features() -%}
        months.{{ feature }},
        {% endfor -%}
        months.n_deals,
        months.n_won
    from months
    inner join windows on {{ is_in_windows('months.month_start') }}

),

counted as (

    select
        comparison,
        {% for feature in creation_features() -%}
        {{ feature }},
        {% endfor -%}
        {{ whole_sum('case when is_before then n_deals end') }} as n_before,
        {{ whole_sum('case when is_before then n_won end') }} as n_won_before,
        {{ whole_sum('case when not is_before then n_deals end') }} as n_after,
        {{ whole_sum('case when not is_before then n_won end') }} as n_won_after
    from window_months
    group by all

),

final as (

    select
        comparison,
        {{ as_text(creation_features()) -}}
        n_before,
        n_won_before,
        n_after,
        n_won_after
    from counted

)

select * from final
order by all
