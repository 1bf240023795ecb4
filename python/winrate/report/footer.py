"""The end of the page: which rows were read, and which run made the database."""

from winrate import wording
from winrate.report.data import Data
from winrate.report.text import known

ROW_LEDGER = """
    select source_file, n_read, n_accepted, n_rejected, n_skipped
    from quality.row_ledger
    order by source_file
"""
BUILD_INFO = """
    select built_at, winrate_version, run_id, as_of_date, input_sha256 from quality.build_info
"""
SOURCE = (
    "Every number is in the warehouse, with its uncertainty: schemas drivers, scores, alerts and "
    "quality."
)


def footer(data: Data) -> list[str]:
    """The paragraphs of the footer."""
    files = [
        f"{known(row.source_file)}: {known(row.n_read, wording.count)} rows read, "
        f"{known(row.n_accepted, wording.count)} accepted, "
        f"{known(row.n_rejected, wording.count)} rejected (quality.rejected_deals), "
        f"{known(row.n_skipped, wording.count)} skipped."
        for row in data.rows(ROW_LEDGER).itertuples()
    ]
    runs = [
        f"Built at {known(run.built_at)} by Winrate {known(run.winrate_version)} (run "
        f"{known(run.run_id)}), as of {known(run.as_of_date, '{:%Y-%m-%d}'.format)}, from a file "
        f"whose SHA-256 starts with {known(run.input_sha256)[:12]}; the other versions are in "
        "quality.build_info."
        for run in data.rows(BUILD_INFO).itertuples()
    ]
    return [*files, *_fiscal_year(data), SOURCE, *runs]


def _fiscal_year(data: Data) -> list[str]:
    """What the names of quarters mean; nothing where they are those of the calendar year."""
    month = data.fiscal_year_start_month
    if month == 1:
        return []
    return [
        f"Quarters are those of the fiscal year, which starts in {wording.month(month)} "
        "(fiscal_year_start_month)."
    ]
