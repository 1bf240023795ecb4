with

comparisons as (

    select distinct
        comparison,
        is_primary
    from {{ ref('comparison_windows') }}

),

estimates as (

    select * from {{ ref('est_win_rate_change_model') }}

),

final as (

    {{ contracted('estimates inner join comparisons using (comparison)') }}

)

select * from final
order by comparison asc, p_value asc nulls last, feature asc
