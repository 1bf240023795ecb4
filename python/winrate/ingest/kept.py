"""What several builds read of the same files, kept in a folder that lasts as long as they do."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

Rows = pa.Table | pa.RecordBatchReader


def rows(folder: str | Path | None, name: str, read: Callable[[], Rows]) -> Rows:
    """What `read` returns: as a build before this one has kept it under the name, or read now.

    folder: none to keep nothing. What is read is kept only once it was read to its end.
    """
    if not folder:
        return read()
    path = Path(folder) / f"{name}.parquet"
    if not path.exists():
        new = path.with_name(f"{path.name}.new")
        found = read()
        with pq.ParquetWriter(new, found.schema) as file:
            for batch in found if isinstance(found, pa.RecordBatchReader) else found.to_batches():
                file.write_batch(batch)
        new.replace(path)
    file = pq.ParquetFile(path)
    return pa.RecordBatchReader.from_batches(file.schema_arrow, file.iter_batches())


def has_rows(folder: str | Path) -> bool:
    """Whether a build before this one has read the files of the folder."""
    return any(Path(folder).glob("*.parquet"))
