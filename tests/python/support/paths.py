"""Where the data of the tests are."""

from winrate import project

SAMPLE = project.ROOT / "seeds" / "deals.csv"
REFERENCE = project.ROOT.parent / "shared" / "data"  # not part of the repository
