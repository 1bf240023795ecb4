"""Run all studies of simulated exports and write their tables into docs/method.md.

    python -m tools.evidence --runs 200

Run as `make evidence`. Each part has a block of its own and is written when its studies have run.
Every figure has its Monte Carlo error beside it: a 95% interval (Wilson),
or a standard error.
"""

import argparse
import itertools
from collections.abc import Callable, Iterable
from functools import partial

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from statsmodels.stats.proportion import proportion_confint

from tools.docs import markdown
from tools.evidence import forecasts, score_studies, studies, warehouse
from winrate import project

N_RUNS = 200
N_YEARS = 40  # of weekly builds
DEALS_IN_FOUR_YEARS = 8000
N_WEEKS = 52
EFFECTS = (0.2, 0.4, 0.6, 0.8)  # planted log-odds
SIZES = (500, 1000, 2000, 5000, 10_000)  # closed deals
SAMPLE_SEEDS = range(1, 101)
# From two months after the planted change on.
SAMPLE_DAYS = pd.date_range("2026-03-01", "2026-06-30")

METHOD = project.ROOT / "docs" / "method.md"
PICTURE = project.ROOT / "docs" / "images" / "sensitivity.svg"


def share(values: pd.Series) -> str:
    """'4.5% [2.4, 8.3]' of the values 0 and 1, with Wilson's 95% interval in percent."""
    values = values.dropna()
    low, high = proportion_confint(values.sum(), len(values), method="wilson")
    return f"{100 * values.mean():.1f}% [{100 * low:.1f}, {100 * high:.1f}]"


def mean(values: pd.Series) -> str:
    """'95.1% (0.4)': a mean of shares, and its standard error in points."""
    values = values.dropna()
    if values.empty:
        return ""
    error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
    return f"{100 * values.mean():.1f}% ({100 * error:.1f})"


def at_close_section(options: argparse.Namespace) -> str:
    """What is claimed where values of features known only at close are missing."""
    figures = _figures(studies.STUDIES_AT_CLOSE, options)
    kinds = [studies.AT_CLOSE, "driver", "rep", "verdict", "page", "alert"]
    rows = [
        [study.title, *(share(table[f"false {kind}"]) for kind in kinds)]
        for study, table in figures.items()
    ]
    return "\n".join(
        [
            f"Exports with a false claim on a feature known only at close, of {options.runs} each, "
            "and with others; 'anywhere' is of all kinds but the first.\n",
            markdown.table(["simulated", *kinds[:4], "anywhere", "alert"], rows),
        ]
    )


def claims_section(options: argparse.Namespace) -> str:
    """What is claimed in the exports of each study."""
    figures = _figures(studies.STUDIES, options)
    return "\n".join(
        [
            f"{options.runs} simulated exports each (seeds 0 to {options.runs - 1} of "
            "`tools/evidence/studies.py`), built by the models of the project. In brackets 95% "
            "intervals, in parentheses standard errors.\n",
            *claims_tables(figures),
        ]
    )


def claims_tables(figures: dict[studies.Study, pd.DataFrame]) -> list[str]:
    """False claims by kind, right answers, and coverage, one row per study."""
    kinds = ["page", *studies.KINDS, "alert"]
    false = [
        [study.title, *(share(table[f"false {kind}"]) for kind in kinds)]
        for study, table in figures.items()
    ]
    right = [
        [study.title, share(table["right"])] for study, table in figures.items() if study.needed
    ]
    intervals = ["effect_pp", "contribution_pp", "change_pp"]
    covered = [
        [study.title, *(mean(table.get(f"covered {name}", pd.Series())) for name in intervals)]
        for study, table in figures.items()
    ]
    return [
        "Exports with a false claim: anywhere in the tables that the page shows, by kind of "
        "claim, and in the alerts.\n",
        markdown.table(["simulated", "anywhere", *studies.KINDS, "alert"], false),
        "Exports in which the planted cause is named, and no other of its kind.\n",
        markdown.table(["simulated", "named, and no other"], right),
        "95% intervals that hold the truth: mean of the shares of an export, and its standard "
        "error.\n",
        markdown.table(["simulated", *(f"`{name}`" for name in intervals)], covered),
    ]


def power_table(compiled: warehouse.Project, n_runs: int) -> pd.DataFrame:
    """What is found of planted drivers, one row per design, size of the effect and deals."""
    two_sided, one_sided = studies.POWER_DESIGNS
    cells = [*itertools.product([two_sided], EFFECTS, SIZES), *((one_sided, 0.4, n) for n in SIZES)]
    rows = []
    for design, effect, n_deals in cells:
        study = partial(studies.drivers_found, compiled, design, n_deals, effect)
        found = studies.run(study, range(n_runs))
        rows.append(
            {
                "planted": design,
                "log-odds": effect,
                "deals": n_deals,
                "effect_pp": found["effect_pp"].mean(),
                "found": found["found"].mean(),
                "shown": [
                    *(mean(found["found"]), share(found["false"])),
                    *(mean(found["found_by_fdr"]), share(found["false_by_fdr"])),
                ],
            }
        )
    return pd.DataFrame(rows)


def power_section(options: argparse.Namespace) -> str:
    """What is found of planted drivers, as a table and as a picture."""
    n_runs = max(options.runs // 5, 2)
    table = power_table(warehouse.Project.compiled(only=("win_rate_drivers",)), n_runs)
    draw_power(table)
    return "\n".join(
        [
            f"Planted drivers that are found, in {n_runs} exports each. In 'helps and hurts', one "
            "level of each of two features helps and another hurts by these log-odds; in 'one of "
            "each', one level of a feature hurts and one of another helps. 'False' are exports in "
            "which any other level is named. The last two columns are what a common procedure "
            "finds in the same exports: each level against the average of its feature, with a "
            "false discovery rate of 5% over all levels.\n",
            markdown.table(
                [
                    *("planted", "log-odds", "effect", "deals", "found", "false"),
                    *("found, FDR", "false, FDR"),
                ],
                [
                    [
                        *(row.planted, f"{row[2]:.1f}", f"{row.effect_pp:.1f} points"),
                        *(f"{row.deals:,}", *row.shown),
                    ]
                    for row in table.itertuples()
                ],
            ),
            "![Planted drivers found by number of deals and size of effect]"
            f"(images/{PICTURE.name})\n",
        ]
    )


def draw_power(table: pd.DataFrame) -> None:
    """The share found against the number of deals, one line per size of effect."""
    with matplotlib.rc_context({"svg.hashsalt": "winrate", "svg.fonttype": "none"}):
        figure = Figure(figsize=(7.5, 4), layout="constrained")
        axes = figure.subplots()
        two_sided = table[table["planted"] == next(iter(studies.POWER_DESIGNS))]
        for _, rows in two_sided.groupby("log-odds"):
            label = f"{rows['effect_pp'].iloc[-1]:.0f} points"
            axes.plot(rows["deals"], 100 * rows["found"], marker="o", label=label)
        axes.set_xscale("log")
        axes.set_xticks(SIZES, [f"{size:,}" for size in SIZES])
        axes.minorticks_off()
        axes.set_xlabel("closed deals")
        axes.set_ylabel("planted drivers found, %")
        axes.legend(title="effect", frameon=False)
        axes.grid(alpha=0.3)
        figure.savefig(PICTURE, metadata={"Date": None})


def sample_section(options: argparse.Namespace) -> str:
    """What other seeds of the sample would have said, and the sample on other days."""
    told = partial(studies.sample_told, _compiled())
    seeds = studies.run(told, [(seed, None) for seed in SAMPLE_SEEDS])
    days = studies.run(told, [(None, str(day.date())) for day in SAMPLE_DAYS])
    names = list(seeds)
    titles = [
        f"seeds {SAMPLE_SEEDS[0]} to {SAMPLE_SEEDS[-1]}",
        f"the sample as of each day from {SAMPLE_DAYS[0].date()} to {SAMPLE_DAYS[-1].date()}",
    ]
    return "\n".join(
        [
            "The sample: whether APAC is named as a cause of the decline, whether another cause "
            "is, and whether any other claim is made, with other seeds and on other days.\n",
            markdown.table(
                ["sample", *names],
                [
                    [title, *(share(table[name]) for name in names)]
                    for title, table in zip(titles, (seeds, days), strict=True)
                ],
            ),
        ]
    )


def years_section(options: argparse.Namespace) -> str:
    """The share of years of weekly builds with a false alert, by condition."""
    compiled = warehouse.Project.compiled(only=studies.ALERTS)
    study = partial(studies.alerts_in_a_year, compiled, DEALS_IN_FOUR_YEARS, N_WEEKS)
    found = studies.run(study, range(options.years))
    return "\n".join(
        [
            f"{options.years} years of {N_WEEKS} weekly builds, {DEALS_IN_FOUR_YEARS // 4:,} deals "
            "a year, nothing planted.\n",
            markdown.table(
                ["alert", "years in which it fires"],
                [[name.replace("_", " "), share(found[name])] for name in found],
            ),
        ]
    )


def scores_section(options: argparse.Namespace) -> str:
    """How the scores of open deals agree with their true win probabilities."""
    rows = []
    for study in score_studies.SCORE_STUDIES:
        score = partial(score_studies.open_deal_scores, study)
        found = score_studies.measures(studies.run_each(score, range(options.runs)))
        rows.append(
            [
                study.title,
                f"{found['error']:+.1f} ({found['error_of_run']:.1f})",
                f"{found['worst_age_error']:+.1f}",
                f"{100 * found['coverage']:.1f}%",
                f"{100 * found['worst_age_coverage']:.1f}%",
                f"{found['slope']:.2f}",
                f"{found['auc']:.3f}",
                f"{found['auc_of_truth']:.3f}",
                f"{100 * found['graded']:.0f}%",
            ]
        )
    columns = ["simulated", "mean error", "worst by age", "coverage", "lowest by age", "slope"]
    columns += ["AUC", "AUC of the truth", "graded"]
    return "\n".join(
        [
            f"Scores of the open deals of {options.runs} simulated exports each, of 24 months and "
            "about 2,250 closed deals a year (`tools/evidence/score_studies.py`), against their "
            "true win probabilities. Errors are points, in parentheses the standard error; ages "
            "are up to 360 days; coverage is of the 95% interval; slope and AUC are of what became "
            "of the deals; 'graded' is the share of exports whose scores pass the gate.\n",
            markdown.table(columns, rows),
        ]
    )


def forecast_section(options: argparse.Namespace) -> str:
    """How often P10 to P90 holds what simulated open deals bring."""
    n_runs = max(options.runs // 2, 2)
    horizons = [*forecasts.DAYS, "in the end"]
    rows = []
    for title, world in forecasts.WORLDS.items():
        found = studies.run(partial(forecasts.study, world), range(n_runs))
        rows.append(
            [
                title,
                *(share(found[horizon]) for horizon in horizons),
                *(mean(found[f"owners, {horizon}"]) for horizon in horizons),
                mean(found["expected"]),
            ]
        )
    return "\n".join(
        [
            f"Amounts of open deals from P10 to P90, in {n_runs} simulated exports each, of all "
            f"deals and of {forecasts.N_OWNERS} owners, with lognormal amounts (sigma "
            f"{forecasts.AMOUNT_SIGMA}); and how much larger the expected amount was than the true "
            "one, in the end.\n",
            markdown.table(
                [
                    "simulated",
                    *horizons,
                    *(f"owners, {horizon}" for horizon in horizons),
                    "expected less true",
                ],
                rows,
            ),
        ]
    )


def _figures(
    of_studies: Iterable[studies.Study], options: argparse.Namespace
) -> dict[studies.Study, pd.DataFrame]:
    compiled = _compiled()
    return {
        study: studies.run(studies.of_study(compiled, study), range(options.runs))
        for study in of_studies
    }


def _compiled() -> warehouse.Project:
    return warehouse.Project.compiled(only=(*studies.TABLES, *studies.ALERTS))


PARTS: dict[str, Callable[[argparse.Namespace], str]] = {
    "claims": claims_section,
    "at_close": at_close_section,
    "power": power_section,
    "sample": sample_section,
    "years": years_section,
    "scores": scores_section,
    "forecast": forecast_section,
}


def main() -> None:
    """Run the studies and write their tables and picture into the docs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=list(PARTS), help="; ".join(PARTS))
    parser.add_argument("--runs", type=int, default=N_RUNS, help="simulated exports per study")
    parser.add_argument("--years", type=int, default=N_YEARS, help="simulated years of builds")
    options = parser.parse_args()
    for part in options.parts:
        markdown.write_block(METHOD, part, PARTS[part](options))


if __name__ == "__main__":
    main()
