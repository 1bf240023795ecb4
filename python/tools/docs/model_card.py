"""Writes the figures of docs/model-card.md, the model card of the scores, from a build.

`make docs` runs it on a build of the sample; a test holds that the figures are up to date.
`python -m tools.docs.model_card warehouse.duckdb card.md` writes the card of other data.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from tools.docs import markdown
from winrate import project, wording

PAGE = project.ROOT / "docs" / "model-card.md"
TRAINING = """
    select
        (select max(as_of_date) from scores.scored_deals) as as_of_date,
        n_won, n_lost, win_rate, verdict,
        coalesce(score_withheld_because, 'none') as withheld,
        (select count(*) from scores.scored_deals where status = 'open') as n_open,
        count(*) filter (where deals.is_born_closed) as n_born_closed,
        min(deals.created_date) as first_created,
        min(deals.closed_date) filter (where not deals.is_open) as first_closed
    from drivers.model_verdict
    cross join staging.stg_deals as deals
    group by all
"""
FEATURES = """
    with

    used as (
        select
            feature,
            avg(abs(contribution_pp)) filter (where deals.status = 'open') as size_pp
        from scores.deal_reasons
        inner join scores.scored_deals as deals using (deal_id)
        where contribution_pp is not null
        group by feature
    ),

    drivers as (
        select
            feature,
            any_value(known_at) as known_at,
            any_value(left_out_because) as left_out_because
        from drivers.win_rate_drivers
        group by feature
    )

    select
        feature,
        used.size_pp,
        case
            when used.feature is not null then 'used'
            when left_out_because is not null then 'left out: ' || left_out_because
            when known_at = 'close' then 'left out: known only at close'
            else 'left out'
        end as status
    from used
    full join drivers using (feature)
    order by used.size_pp desc nulls last, feature
"""
QUALITY = """
    select * from scores.score_quality
    where {rows} and mean_observed is not null
    order by feature, try_cast(regexp_extract(level, '^[0-9]+') as bigint), level
"""
MEASURES = {
    "auc": "AUC",
    "brier": "Brier score",
    "brier_of_baseline": "Brier score of the age alone",
    "brier_skill_z": "gain over the age alone, in standard errors",
    "log_loss": "log loss",
    "log_loss_of_baseline": "log loss of the age alone",
    "miscalibration": "miscalibration",
    "discrimination": "discrimination",
    "calibration_intercept": "calibration intercept",
    "calibration_slope": "calibration slope",
    "smooth_calibration_error": "smooth calibration error",
}
GROUP_HEADER = ("", "deals", "expected", "won", "AUC", "gain")


def blocks(warehouse: Path) -> dict[str, str]:
    """The text of each block of the page."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:

        def rows(query: str) -> pd.DataFrame:
            return connection.sql(query).df()

        return {
            "training": _training(rows(TRAINING).iloc[0]),
            "features": markdown.table(
                ("feature", "", "mean size of its contribution to open deals"),
                [
                    (f"`{row.feature}`", row.status, _known(row.size_pp, wording.points))
                    for row in rows(FEATURES).itertuples()
                ],
            ),
            "evaluation": _evaluation(rows(QUALITY.format(rows="feature = 'all'"))),
            "ages": _groups(rows(QUALITY.format(rows="feature = 'deal_age_days'"))),
            "segments": _groups(
                rows(QUALITY.format(rows="feature not in ('all', 'deal_age_days')"))
            ),
        }


def _training(facts: pd.Series) -> str:
    n_won, n_lost, n_open, n_born_closed = (
        wording.count(facts[name]) for name in ("n_won", "n_lost", "n_open", "n_born_closed")
    )
    rows = {
        "as of": f"{facts['as_of_date']:%Y-%m-%d}",
        "deals created from": _known(facts["first_created"], "{:%Y-%m-%d}".format),
        "deals closed from": _known(facts["first_closed"], "{:%Y-%m-%d}".format),
        "closed deals": f"{n_won} won, {n_lost} lost",
        "win rate of closed deals": _known(facts["win_rate"], wording.percent),
        "open deals, in the fit with the days that they have been open": n_open,
        "closed deals that were never open, not in the fit": n_born_closed,
        "verdict on the features": facts["verdict"],
        "reason to withhold grades": facts["withheld"],
    }
    return markdown.table(("", ""), rows.items())


def _evaluation(quality: pd.DataFrame) -> str:
    if quality.empty:
        return "Too few deals were open at past month ends.\n"
    row = quality.iloc[0]
    rows = {
        "deals of known outcome, once per month end": wording.count(row["n_followed"]),
        "days within which outcomes count": wording.count(row["horizon_days"]),
        "expected to be won": wording.percent(row["mean_predicted"]),
        "won": _with_interval(row, "mean_observed", wording.percent),
        **{title: f"{row[name]:.3f}" for name, title in MEASURES.items()},
        "AUC": _with_interval(row, "auc", "{:.3f}".format),
    }
    return markdown.table(("", ""), rows.items())


def _groups(quality: pd.DataFrame) -> str:
    if quality.empty:
        return "Too few deals were open at past month ends.\n"
    return markdown.table(GROUP_HEADER, _group_rows(quality))


def _group_rows(quality: pd.DataFrame) -> Iterable[tuple[str, ...]]:
    for _, row in quality.iterrows():
        is_age = row["feature"] == "deal_age_days"
        yield (
            row["level"] if is_age else f"`{row['feature']}` {row['level']}",
            wording.count(row["n_followed"]),
            wording.percent(row["mean_predicted"]),
            _with_interval(row, "mean_observed", wording.percent),
            _with_interval(row, "auc", "{:.2f}".format),
            f"{row['brier_skill_z']:.1f}",
        )


def _with_interval(row: pd.Series, name: str, form: Any) -> str:
    return f"{form(row[name])} [{form(row[f'{name}_low'])}, {form(row[f'{name}_high'])}]"


def _known(value: Any, form: Any) -> str:
    return "" if pd.isna(value) else form(value)


def write(warehouse: Path, page: Path = PAGE) -> None:
    """Write the card, with the figures of a build."""
    if page != PAGE:
        page.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    for name, text in blocks(warehouse).items():
        markdown.write_block(page, name, text)


def main() -> None:
    """Write the card of a warehouse."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("warehouse", type=Path, help="a build")
    parser.add_argument(
        "page", type=Path, nargs="?", default=PAGE, help="default: docs/model-card.md"
    )
    options = parser.parse_args()
    write(options.warehouse, options.page)


if __name__ == "__main__":
    main()
