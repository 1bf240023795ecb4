"""How values from the warehouse read on the page and in charts."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from winrate import wording

MAX_NAMES = 3  # in an enumeration within a sentence


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
