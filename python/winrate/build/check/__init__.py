"""How an export would be read, before anything is built from it: `make check`.

`check` is the whole, `columns` its part on the header, `contents` its part on the cells.
"""

from winrate.build.check.check import Check, check

__all__ = ["Check", "check"]
