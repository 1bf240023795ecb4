-- Lines of targets.csv of which no deal has the owner or the team, and those of a fiscal year that the build does not
-- have.

with

members as (

    select distinct file_line from {{ ref('target_members') }}

),

found as (

    select
        cast(0 as bigint) as n_deals,
        'line ' || targets.file_line || ' of targets.csv: '
        || case
            when targets.period_start is null
                then
                    'the period ' || {{ brief('targets.period_text', 60) }} || ' is of a fiscal year that begins in '
                    || 'another month than January, and that of the build begins in January; set '
                    || 'fiscal_year_start_month.'
            when targets.entity_type = 'owner'
                then
                    'no deal has the owner ' || {{ name_in_text('targets.entity_id') }}
                    || '; expected an id or a name as in the export.'
            else
                'no deal has the team ' || {{ name_in_text('targets.entity_id') }}
                || '; expected a team of the export or of owners.csv.'
        end as message
    from {{ ref('target_periods') }} as targets
    left join members on targets.file_line = members.file_line
    where members.file_line is null

)

{{ check_shape('found') }}
