"""Why the win rate changed: other deals, all deals alike, or single segments.

A logistic regression of two windows splits the change of the win rate into what the changed mix of
deals adds, what all deals share, and what single segments add (Oaxaca 1973; Blinder 1973). The
method is in docs/method.md, section "Causes of a change".

model: the regression and the naming of segments. split: the parts and their errors. table: the
public rows. wording: their statements.
"""

from winrate.statistics.change_model.table import (
    BASELINE,
    win_rate_change_causes,
    win_rate_change_model,
)

__all__ = ["BASELINE", "win_rate_change_causes", "win_rate_change_model"]
