"""What the reader of exports gives, with the texts in place of their ids."""

from pathlib import Path
from typing import Any

from winrate.ingest.header import WantedColumns
from winrate.ingest.plain_rows import ID
from winrate.ingest.reader import raw_texts, read_export

FACTS = ("source_line", "n_lines", "raw_text", "read_error")


def rows_read(path: Path, wanted: WantedColumns, **options: Any) -> list[dict[str, Any]]:
    """The rows of an export: source_line, n_lines, raw_text, read_error, and each cell as text."""
    rows = [row for batch in read_export(path, wanted, **options) for row in batch.to_pylist()]
    texts = {
        (text["column_name"], text["text_id"]): text["text"]
        for row in rows
        for text in row.pop("new_texts") or []
    }
    plain = [row["source_line"] for row in rows if row["raw_text"] is None]
    lines = dict(zip(*raw_texts(path, plain).to_pydict().values(), strict=True))
    for row in rows:
        row["raw_text"] = lines.get(row["source_line"], row["raw_text"])
        for name in row.keys() - {ID, *FACTS}:
            row[name] = texts.get((name, row[name]))
    return rows
