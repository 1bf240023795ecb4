-- Every spelling of every level in the export, and the level that it is: what differs only by case,
-- spaces, hyphens and underscores is one level, spelled as most deals have it.

with

export as (

    select * from {{ ref('raw_deals') }} where read_error is null

),

meanings as (

    select * from {{ ref('value_mappings') }}

),

spellings as (

    {% for column in category_columns() -%}
    select
        '{{ column }}' as column_name,
        {{ text('export.' ~ column) }} as spelling,
        count(*) as n_deals
    from export
    where {{ text('export.' ~ column) }} is not null
    group by all
    {{ "union all" if not loop.last }}
    {% endfor %}
),

renamed as (

    select
        spellings.*,
        meanings.means is not null as is_renamed,
        coalesce(meanings.means, {{ folded('spellings.spelling') }}) as name
    from spellings
    left join meanings
        on spellings.column_name = meanings.kind and {{ level_key('spellings.spelling') }} = meanings.level_key

),

counted as (

    select
        *,
        {{ level_key('name') }} as level_key,
        sum(n_deals) over (partition by column_name, name) as n_deals_of_name,
        bool_or(is_renamed) over (partition by column_name, name) as is_stated
    from renamed

),

final as (

    select
        column_name,
        spelling,
        first_value(name) over (
            partition by column_name, level_key order by is_stated desc, n_deals_of_name desc, name asc
        ) as level,
        n_deals
    from counted

)

select * from final
