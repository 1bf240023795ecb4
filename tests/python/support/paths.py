"""Where the data of the tests are."""

from winrate import project

SAMPLE = project.ROOT / "seeds" / "deals.csv"
SAMPLE_FOLDER = project.ROOT / "seeds" / "sample"  # its settings, stage history, owners and targets
REFERENCE = project.ROOT.parent / "shared" / "data"  # not part of the repository
