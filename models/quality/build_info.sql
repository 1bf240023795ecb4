-- Which run made these tables, from what, when and with what. Run and moment are dbt's own, so
-- that a plain `dbt build` has them too, and its log and its run_results.json name the same run.

with

known_exports as (

    select * from {{ ref('known_exports') }}

),

-- What this build knows of exports before this one; of later ones, it reads nothing.
states as (

    select
        count(*) as n_state_exports,
        min(earlier.as_of_date) as first_state_date,
        max(earlier.as_of_date) as last_state_date,
        max_by(earlier.state_sha256, earlier.export_position) as exports_sha256
    from known_exports as earlier
    inner join known_exports as this_export
        on this_export.is_this_export and earlier.export_position < this_export.export_position

),

state_scores as (

    select max_by(state_sha256, (as_of_date, record_number)) as scores_sha256
    from {{ ref('known_scores') }}

)

select
    '{{ invocation_id }}' as run_id,
    '{{ run_started_at.strftime("%Y-%m-%dT%H:%M:%SZ") }}' as built_at,
    row_ledger.source_file,
    raw_build.input_sha256,
    row_ledger.n_read,
    as_of_dates.as_of_date,
    fiscal_calendars.start_month as fiscal_year_start_month,
    export_formats.reporting_currency,
    nullif('{{ var("time_zone") }}', '') as time_zone,
    raw_build.settings_sha256,
    raw_build.winrate_version,
    raw_build.python_version,
    raw_build.dbt_core_version,
    raw_build.dbt_duckdb_version,
    raw_build.duckdb_version,
    raw_build.statsmodels_version,
    raw_build.scikit_learn_version,
    raw_build.scipy_version,
    raw_build.pandas_version,
    raw_build.numpy_version,
    raw_build.scope,
    nullif(raw_build.stages_file, '') as stages_file,
    nullif(raw_build.stages_sha256, '') as stages_sha256,
    case
        when state_scores.scores_sha256 is null then states.exports_sha256
        else {{ sha256("coalesce(states.exports_sha256, '') || '|' || state_scores.scores_sha256") }}
    end as state_sha256,
    states.n_state_exports,
    states.first_state_date,
    states.last_state_date
from {{ ref('raw_build') }} as raw_build
cross join {{ ref('row_ledger') }} as row_ledger
cross join {{ ref('as_of_dates') }} as as_of_dates
cross join {{ ref('fiscal_calendars') }} as fiscal_calendars
cross join states
cross join state_scores
cross join {{ ref('export_formats') }} as export_formats
