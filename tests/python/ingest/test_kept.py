"""What one build reads of an export is what builds after it find."""

from unittest import mock

import pyarrow as pa
import pytest

from winrate import project
from winrate.ingest import kept, mapping, provenance, reader

SAMPLE = project.ROOT / "seeds" / "deals.csv"


def test_the_rows_of_an_export_are_read_once_and_stay_the_same(tmp_path):
    wanted = mapping.wanted_columns("", project.project_vars())
    plain = reader.read_export(SAMPLE, wanted).read_all()
    read = mock.Mock(side_effect=lambda: reader.read_export(SAMPLE, wanted))
    for _ in range(2):
        found = kept.rows(tmp_path, "raw_deals", read).read_all()
        assert found.schema == plain.schema and found.equals(plain)
    assert read.call_count == 1 and kept.has_rows(tmp_path)


def test_without_a_folder_nothing_is_kept():
    table = pa.table({"n_lines": [1]})
    assert kept.rows("", "raw_lines", lambda: table) is table


def test_a_reading_that_fails_keeps_nothing(tmp_path):
    def batches():
        yield pa.RecordBatch.from_pydict({"n": [1]})
        raise OSError("the disk is gone")

    schema = pa.schema([("n", pa.int64())])
    read = mock.Mock(return_value=pa.RecordBatchReader.from_batches(schema, batches()))
    with pytest.raises(OSError, match="the disk is gone"):
        kept.rows(tmp_path, "raw_deals", read)
    assert not kept.has_rows(tmp_path)


def test_a_file_is_hashed_once_for_all_builds(tmp_path):
    path = tmp_path / "deals.csv"
    path.write_text("a")
    first = provenance.kept_sha256(tmp_path, "deals", path)
    path.write_text("b")
    assert provenance.kept_sha256(tmp_path, "deals", path) == first
    assert provenance.kept_sha256("", "deals", path) == provenance.file_sha256(path) != first
