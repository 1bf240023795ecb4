-- One row per account with several closed deals and distinct combination of the levels known at creation: the
-- deals of one account are not independent. Empty where the export has no accounts.

with

closed_deals as (

    select
        *,
        count(*) over (partition by account_id) as n_of_account,
        count(*) over () as n_closed_deals
    from {{ ref('deal_features') }}
    where not is_open

),

counted as (

    select
        account_id,
        {% for feature in creation_features() -%}
        {{ feature }},
        {% endfor -%}
        n_closed_deals,
        count(*) as n_deals,
        cast(sum(is_won) as bigint) as n_won
    from closed_deals
    where account_id is not null and n_of_account > 1
    group by all

),

final as (

    select
        account_id,
        {{ as_text(creation_features()) -}}
        n_closed_deals,
        n_deals,
        n_won
    from counted

)

select * from final
order by all
