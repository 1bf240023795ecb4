"""How much a compressed export may unpack to: no file can use up the memory or the disk."""

import gzip
from typing import Any

MAX_UNPACKED = 2 << 30  # bytes; a full sheet of twelve columns is a quarter of it
MAX_PACKING = 100  # unpacked bytes per byte of the file; repeated text in every cell gives 30
FREE_UNPACKED = 100 << 20  # bytes up to which the packing does not matter


def refuse_bomb(packed: int, unpacked: int) -> None:
    """Raise ValueError where a file unpacks to more than an export of deals can need.

    packed, unpacked: bytes. The second may be what is known so far.
    """
    too_tight = unpacked > FREE_UNPACKED and unpacked > MAX_PACKING * packed
    if unpacked > MAX_UNPACKED or too_tight:
        raise ValueError(
            f"{packed:,} bytes that unpack to {unpacked:,} or more, which no export of deals needs"
        )


class GzipContent(gzip.GzipFile):
    """What a gzip-compressed file holds; reading raises ValueError where it is too much.

    It is unpacked anew by each reader and never kept as a whole.
    """

    def __init__(self, file: Any, packed: int) -> None:
        """file: the compressed file, open for reading. packed: its size in bytes."""
        super().__init__(fileobj=file, mode="rb")
        self._packed = packed

    def read(self, size: int | None = -1) -> bytes:
        """As `GzipFile.read`."""
        return self._counted(super().read(size))

    def read1(self, size: int = -1) -> bytes:
        """As `GzipFile.read1`."""
        return self._counted(super().read1(size))

    def _counted(self, content: bytes) -> bytes:
        refuse_bomb(self._packed, self.tell())
        return content
