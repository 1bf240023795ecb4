"""What the report reads from a built database.

A query that only one section needs stands in the module of that section.
"""

from functools import cached_property
from typing import Any

import duckdb
import pandas as pd

from winrate import wording
from winrate.report.text import known

# The row of drivers.win_rate_change_model that is no feature: the change that all deals share.
BASELINE = "baseline"


class Data:
    """The answers of a built database."""

    def __init__(self, connection: duckdb.DuckDBPyConnection):
        self._connection = connection

    def rows(self, query: str) -> pd.DataFrame:
        """The rows that a query returns."""
        return self._connection.sql(query).df()

    @cached_property
    def totals(self) -> pd.Series:
        """Counts and amounts of all deals; `win_rate` is null where none is closed."""
        rows = self.rows(
            """
            select
                max(as_of_date) as as_of_date,
                count(*) filter (where status in ('won', 'lost')) as n_closed,
                count(*) filter (where status = 'won') as n_won,
                (select win_rate from drivers.model_verdict) as win_rate,
                count(*) filter (where status = 'open') as n_open,
                sum(cast(deal_amount as decimal(18, 2))) filter (where status = 'open')
                    as open_amount
            from scores.scored_deals
            """
        )
        return rows.iloc[0]

    @cached_property
    def fiscal_year_start_month(self) -> int:
        """The month in which the fiscal year starts; 1 where the database does not say."""
        run = _first(self.rows("select fiscal_year_start_month as month from quality.build_info"))
        return 1 if run is None or pd.isna(run["month"]) else int(run["month"])

    @cached_property
    def currency(self) -> str | None:
        """The currency of all amounts; None where it is not known."""
        run = _first(self.rows("select reporting_currency as currency from quality.build_info"))
        return None if run is None or pd.isna(run["currency"]) else str(run["currency"])

    def amount(self, value: Any) -> str:
        """An amount in the currency of all, or a dash where it is null."""
        return known(value, lambda amount: wording.amount(amount, self.currency))

    @cached_property
    def verdict(self) -> pd.Series | None:
        """The row of drivers.model_verdict."""
        return _first(
            self.rows(
                """
                select
                    verdict, minimum_deals, suspected_feature, score_withheld_because, statement
                from drivers.model_verdict
                """
            )
        )

    @property
    def verdict_name(self) -> str:
        """'signal', 'no signal', 'suspected leak' or 'too few deals'."""
        return "too few deals" if self.verdict is None else self.verdict["verdict"]

    @cached_property
    def change(self) -> pd.Series | None:
        """The row of drivers.win_rate_change that leads the page; None: too few quarters.

        A comparison with a significant cause goes before one without, so that the page names the
        cause of a decline whenever the data can tell it; then one whose win rate changed
        significantly, then the one with the strongest evidence, then the primary one.
        """
        return _first(
            self.rows(
                """
                with evidence as (
                    select comparison, q_value, true as is_cause
                    from drivers.win_rate_change_causes
                    where evidence in ('lowered', 'raised')
                    union all
                    select comparison, q_value, false as is_cause
                    from drivers.win_rate_change
                    where basis = 'closed' and verdict in ('declined', 'improved')
                ),
                strongest as (
                    select
                        comparison, min(q_value) as q_value, bool_or(is_cause) as has_cause
                    from evidence
                    group by comparison
                )
                select
                    comparison, before_start, before_end, after_start, after_end, n_before, n_after,
                    win_rate_before, win_rate_before_low, win_rate_before_high,
                    win_rate_after, win_rate_after_low, win_rate_after_high,
                    change_pp, change_pp_low, change_pp_high, detectable_pp, verdict,
                    withheld_because, inconclusive_because, statement
                from drivers.win_rate_change as changes
                left join strongest using (comparison)
                where basis = 'closed'
                order by
                    coalesce(has_cause, false) desc,
                    coalesce(verdict in ('declined', 'improved'), false) desc,
                    strongest.q_value asc nulls last, is_primary desc, comparison
                limit 1
                """
            )
        )

    @property
    def change_verdict(self) -> str | None:
        """'declined', 'improved', 'no detectable change' or 'too few deals'; None: no windows."""
        if self.change is None:
            return None
        return "too few deals" if pd.isna(self.change["verdict"]) else self.change["verdict"]

    @cached_property
    def causes(self) -> pd.DataFrame:
        """The causes of that change, in order; `is_significant` where one lowered or raised it."""
        return self._of_change(
            """
            select
                cause, feature, level, contribution_pp, contribution_pp_low, contribution_pp_high,
                n_before, n_after, win_rate_before, win_rate_after, evidence, inconclusive_because,
                coalesce(evidence in ('lowered', 'raised'), false) as is_significant
            from drivers.win_rate_change_causes
            where {comparison}
            order by cause_order
            """
        )

    @cached_property
    def change_parts(self) -> pd.DataFrame:
        """That change by feature, the largest part first and `BASELINE` last."""
        return self._of_change(
            f"""
            select
                feature, explained_pp, explained_pp_low, explained_pp_high, unexplained_pp,
                unexplained_pp_low, unexplained_pp_high, evidence, statement
            from drivers.win_rate_change_model
            where {{comparison}}
            order by feature = '{BASELINE}', abs(total_pp) desc nulls last, feature
            """
        )

    def _of_change(self, query: str) -> pd.DataFrame:
        """The rows of a query about the comparison that leads the page."""
        name = "" if self.change is None else str(self.change["comparison"])
        quoted = name.replace("'", "''")
        return self.rows(query.format(comparison=f"comparison = '{quoted}'"))


def excludes_zero(low: float, high: float) -> bool:
    """Whether an interval lies on one side of zero; false where it is null."""
    return bool(low > 0 or high < 0)


def _first(rows: pd.DataFrame) -> pd.Series | None:
    """The first row; None where there is none."""
    return None if rows.empty else rows.iloc[0]
