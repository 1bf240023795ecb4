"""What was found in the data."""

from winrate import wording
from winrate.report.blocks import Block, Guide, Items, Section
from winrate.report.data import Data
from winrate.report.text import known

MAX_CHECKS = 15  # the table has the others

DATA_CHECKS = """
    select message from quality.data_checks
    order by severity desc, check_name, feature, level, message
"""


def section(data: Data) -> Section | None:
    """The messages of the data checks; no section where there are none."""
    messages = [known(message) for message in data.rows(DATA_CHECKS)["message"]]
    if not messages:
        return None
    blocks: list[Block] = [Items(messages[:MAX_CHECKS])]
    n_more = len(messages) - MAX_CHECKS
    if n_more > 0:
        blocks.append(Guide(f"and {wording.count(n_more)} more in quality.data_checks"))
    return Section("checks", "The data: what needs care, and what is missing", blocks)
