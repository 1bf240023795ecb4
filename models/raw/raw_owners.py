from winrate.config import owners
from winrate.ingest import masking


def model(dbt, session):
    columns = masking.masked_columns(dbt.config.get("masks"))
    return owners.table(dbt.config.get("owners_path"), masking.mask_of("sales_rep_id", columns))
