"""Exports as CRMs and people write them: what `make init` recognises and a newcomer adds suffices."""

from collections import Counter
from pathlib import Path

import pytest

from support.crm_exports import SHAPES, answered, crm_deals
from winrate.build import init
from winrate.build.build import BuildRequest
from winrate.ingest import mapping

pytestmark = pytest.mark.usefixtures("compiled_project")


@pytest.fixture(scope="module")
def deals():
    """Some 300 deals of the sample."""
    return crm_deals()


@pytest.mark.parametrize("shape", SHAPES)
def test_an_export_of_this_shape_gives_the_deals_that_it_is_made_of(
    staging, tmp_path, deals, shape
):
    export = SHAPES[shape](tmp_path, deals)
    init.init(BuildRequest(export.path, Path(), Path()), tmp_path / "my_crm")
    own = tmp_path / "my_crm" / "mapping.csv"
    own.write_text(answered(own.read_text("utf-8"), export), encoding="utf-8")
    result = staging.run(export.path, own)
    assert result.column("select message from internal.export_errors") == []
    reasons = Counter(result.rows("select is_skipped, reason_code from quality.rejected_deals"))
    assert reasons == {
        (is_skipped, code): n
        for is_skipped, rows in ((False, export.rejected), (True, export.skipped))
        for code, n in rows.items()
    }
    types = {"deal_amount": "double"}
    columns = [f"cast({name} as {types.get(name, 'text')})" for name in export.deals]
    found = result.rows(f"select {', '.join(columns)} from staging.stg_deals order by deal_id")
    expected = export.deals.sort_values("deal_id").astype(object).where(export.deals.notna(), None)
    assert found == list(expected.itertuples(index=False, name=None))
