"""Why the win rate changed, by all features at once.

A logistic regression of two windows splits the change of the win rate into one part per feature
and one for what all deals share (Oaxaca 1973; Blinder 1973). A shift in one feature is not credited
to another that moves with it, as it is in the split by one feature (`winrate.statistics.change`).
The method is in docs/method.md, section "By all features at once".

fit: the regression. common_change: the change that the levels of a feature share. split: the parts,
their intervals and p-values. table: the public rows. wording: their statements.
"""

from winrate.statistics.change_model.split import BASELINE
from winrate.statistics.change_model.table import win_rate_change_model

__all__ = ["BASELINE", "win_rate_change_model"]
