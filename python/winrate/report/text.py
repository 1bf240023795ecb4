"""How values from the warehouse read on the page and in charts."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

import pandas as pd

from winrate import wording
from winrate.report.blocks import Link

MAX_NAMES = 3  # in an enumeration within a sentence
MAX_LETTERS = 60  # of a name in a table, as in messages
WEB_ADDRESSES = ("https://", "http://")


def known(value: Any, form: Callable[[Any], str] = str) -> str:
    """`form(value)`, or a dash where the value is null."""
    return "-" if pd.isna(value) else form(value)


def signed(value_pp: float) -> str:
    """Percentage points with their sign, or a dash: '+0.3'."""
    return known(value_pp, "{:+z.1f}".format)


def span(low: float, high: float, form: Callable[[float], str]) -> str:
    """An interval in a table: '-8.6 to -1.4'."""
    return f"{known(low, form)} to {known(high, form)}"


def reasoned(evidence: Any, because: Any) -> str:
    """'inconclusive: may be chance among 9 causes', or the evidence alone where that is all."""
    return known(evidence) if pd.isna(because) else f"{known(evidence)}: {because}"


def label(text: Any) -> str:
    """A name from the data on one line, without control or text-direction characters."""
    return wording.printable(known(text).replace("\n", " ")).strip()


def short_name(text: Any) -> str:
    """A name from the data in one short line."""
    name = " ".join(label(text).split())
    return name if len(name) <= MAX_LETTERS else name[: MAX_LETTERS - 3] + "..."


def linked(text: str, address: Any) -> str | Link:
    """Text that leads to a web address, or the text alone where there is none."""
    is_web = not pd.isna(address) and str(address).startswith(WEB_ADDRESSES)
    return Link(text, str(address)) if is_web else text


def without_blank_columns(
    rows: Sequence[dict[str, str | Link]], columns: Collection[str]
) -> list[dict[str, str | Link]]:
    """Rows of a table, without those of some columns that have no value in any row."""
    blank = {name for name in columns if all(row[name] == known(None) for row in rows)}
    return [{name: cell for name, cell in row.items() if name not in blank} for row in rows]


def feature_label(feature: Any) -> str:
    """'lead_source' -> 'Lead source'."""
    return wording.feature_title(label(feature))


def level_label(feature: Any, level: Any) -> str:
    """('lead_source', 'Partner') -> 'Lead source: Partner'."""
    return f"{feature_label(feature)}: {label(level)}"


def enumeration(names: list[str]) -> str:
    """'a, b and c'; of more than `MAX_NAMES` names, how many more there are."""
    if len(names) > MAX_NAMES:
        names = [*names[:MAX_NAMES], f"{wording.count(len(names) - MAX_NAMES)} more"]
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
