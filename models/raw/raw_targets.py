from winrate.config import targets
from winrate.ingest import masking


def model(dbt, session):
    columns = masking.masked_columns(dbt.config.get("masks"))
    return targets.table(dbt.config.get("targets_path"), masking.mask_of("sales_rep_id", columns))
