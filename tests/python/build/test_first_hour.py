"""From an export of unknown shape to a page, as a newcomer goes: init, mapping, check, build."""

from pathlib import Path

import pytest

from support.builds import built, rows
from support.crm_exports import answered, crm_deals, hand_kept_workbook
from winrate.build import check, init
from winrate.build.build import BuildRequest
from winrate.config import folder


@pytest.mark.slow
def test_a_list_that_somebody_keeps_becomes_a_page(tmp_path, compiled_project):
    export = hand_kept_workbook(tmp_path, crm_deals(every=4))
    own = tmp_path / "my_crm"
    init.init(BuildRequest(export.path, Path(), Path()), own)
    offered = (own / "mapping.csv").read_text("utf-8")
    (own / "mapping.csv").write_text(answered(offered, export), encoding="utf-8")
    config = folder.read(own)
    assert check.check(BuildRequest(export.path, Path(), Path(), config=config)).is_usable
    warehouse = built(own, export.path, config=config)
    outcomes = export.deals["outcome"].value_counts()
    assert rows(warehouse, "select n_won, n_lost from drivers.model_verdict") == [
        (outcomes["Won"], outcomes["Lost"])
    ]
    by_region = rows(
        warehouse, "select level, n_deals from drivers.win_rate_drivers where feature = 'region'"
    )
    closed = export.deals.dropna(subset="outcome")
    assert dict(by_region) == closed["region"].value_counts().to_dict()
    page = (own / "report" / "index.html").read_text("utf-8")
    assert all(region in page for region in closed["region"].unique())
    assert f"{len(closed):,} closed deals" in page
