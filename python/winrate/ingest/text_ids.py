"""Numbers the distinct texts of a column, so that each is stored, cleaned and parsed once."""

import pyarrow as pa
import pyarrow.compute as pc

NEW_TEXTS = pa.list_(
    pa.struct([("column_name", pa.string()), ("text_id", pa.int32()), ("text", pa.string())])
)


def in_first_row(texts: list[dict], n_rows: int) -> pa.Array:
    """A column of NEW_TEXTS with these texts in the first of so many rows, null in the others."""
    return pa.concat_arrays([pa.array([texts or None], NEW_TEXTS), pa.nulls(n_rows - 1, NEW_TEXTS)])


class TextIds:
    """The texts of one column: the id of each is its place in the order of appearance, from 0."""

    def __init__(self, column_name: str):
        self.column_name = column_name
        self._texts = pa.array([], pa.string())
        self._n_told = 0

    def of(self, cells: pa.Array | pa.ChunkedArray) -> pa.Array:
        """The ids of cells, which may be dictionary-encoded; null where a cell is blank."""
        if isinstance(cells, pa.ChunkedArray):
            cells = cells.unify_dictionaries().combine_chunks()
        if not pa.types.is_dictionary(cells.type):
            cells = cells.dictionary_encode()
        texts = cells.dictionary
        is_blank = pc.equal(pc.utf8_trim_whitespace(texts), "")
        texts = pc.if_else(is_blank, pa.scalar(None, pa.string()), texts)
        return pc.take(self._ids(texts), cells.indices)

    def new_texts(self) -> list[dict]:
        """The texts that were numbered since this was asked last, as rows of NEW_TEXTS."""
        first, self._n_told = self._n_told, len(self._texts)
        texts = self._texts.slice(first).to_pylist()
        return [
            {"column_name": self.column_name, "text_id": text_id, "text": text}
            for text_id, text in enumerate(texts, first)
        ]

    def _ids(self, texts: pa.Array) -> pa.Array:
        """The ids of distinct texts; those that are not known yet get the next ones."""
        ids = pc.index_in(texts, value_set=self._texts, skip_nulls=True)
        is_new = pc.and_(pc.is_null(ids), pc.is_valid(texts))
        if pc.any(is_new).as_py():
            self._texts = pa.concat_arrays([self._texts, texts.filter(is_new).unique()])
            ids = pc.index_in(texts, value_set=self._texts, skip_nulls=True)
        return ids
