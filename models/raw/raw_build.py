from dbt.flags import get_flags

from winrate import project
from winrate.ingest import provenance


def model(dbt, session):
    # No other place of dbt has all variables of the command line, whatever their names.
    overrides = get_flags().VARS | dbt.config.get("run_settings")
    project.check_names(overrides)
    return provenance.build_facts(
        dbt.config.get("deals_path"),
        overrides,
        dbt.config.get("stages_path"),
        dbt.config.get("kept_path"),
    )
