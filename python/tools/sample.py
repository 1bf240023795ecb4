"""Generates the sample: a CRM export of two years of deals with planted effects, and its history.

    python -m tools.sample seeds

writes the export, `deals.csv`, and into the folder `sample` the stage history, owners and targets
that a build of it reads (`sample/settings.yml`).

The planted effects, which the rest of the project should find, and no others:

- About 44% of closed deals are won.
- FinTech, Referral and Demo help; HealthTech, Partner, Qualified and APAC hurt.
- In the last two quarters the win rate falls, and the whole fall is in APAC:
  its share of deals is what it was, and no other deal is less likely to be won.
- Many of the deals that are lost there then are lost to one competitor, Initech.
- Deal amount, sales cycle, product type, sales rep, account and pipeline make no difference.
- The pipeline looks healthy: each quarter has more new deals than the one before.
"""

import argparse
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

# Chosen once, for a method that claimed more. docs/method.md has what other seeds say.
SEED = 1361

# ---------- volume

FIRST_DATE = np.datetime64("2024-07-01")
AS_OF_DATE = np.datetime64("2026-06-30")  # the day of the export, and the end of a quarter
N_DEALS = 5_500  # created in the two years, about 7.5 a day; one in eleven is still open
GROWTH = 0.3  # how many more deals are created per day at the end than at the start
WEEKEND_RATE = 0.1  # deals created on a Saturday or Sunday, relative to a weekday
N_REPS = 25
TEAMS = ["Team North", "Team East", "Team South", "Team West", "Team Enterprise"]

# ---------- mix: share of deals per level, the same on every day

# Equal within a feature, so that opposite effects cancel and the levels without
# an effect stay at the average. APAC is larger, so that its decline shows overall.
# The other regions are slightly above the average, because APAC is below it.
LEVEL_SHARES = {
    "industry": {
        "SaaS": 1 / 5,
        "FinTech": 1 / 5,
        "HealthTech": 1 / 5,
        "EdTech": 1 / 5,
        "Ecommerce": 1 / 5,
    },
    "region": {"North America": 0.7 / 3, "Europe": 0.7 / 3, "India": 0.7 / 3, "APAC": 0.3},
    "product_type": {"Core": 1 / 3, "Pro": 1 / 3, "Enterprise": 1 / 3},
    "lead_source": {"Inbound": 1 / 4, "Outbound": 1 / 4, "Referral": 1 / 4, "Partner": 1 / 4},
    # The last stage of a closed deal.
    "deal_stage": {
        "Qualified": 1 / 5,
        "Demo": 1 / 5,
        "Proposal": 1 / 5,
        "Negotiation": 1 / 5,
        "Closed": 1 / 5,
    },
}

# The stages of an open deal, each for an equal part of its cycle.
OPEN_STAGES = ["Qualified", "Demo", "Proposal", "Negotiation"]

# ---------- effects on the outcome, in log-odds of winning

BASE_LOG_ODDS = -0.08  # a deal without any effect below: 48%

PLANTED_EFFECTS = {
    ("industry", "FinTech"): +0.6,
    ("industry", "HealthTech"): -0.6,
    ("lead_source", "Referral"): +0.6,
    ("lead_source", "Partner"): -0.6,
    ("deal_stage", "Demo"): +0.5,
    ("deal_stage", "Qualified"): -0.5,
    ("region", "APAC"): -0.25,
}

# The decline: added to the above, for deals of this level closed since this date.
DECLINE_LEVEL = ("region", "APAC")
DECLINE_START = np.datetime64("2026-01-01")
DECLINE_EFFECT = -1.1

# ---------- no effect on the outcome

MEDIAN_AMOUNT = {"Core": 12_000, "Pro": 25_000, "Enterprise": 60_000}  # dollars
AMOUNT_SPREAD = 0.6  # standard deviation of the log amount

MEDIAN_CYCLE_DAYS = 55
CYCLE_SPREAD = 0.6  # standard deviation of the log cycle
MAX_CYCLE_DAYS = 200

PIPELINES = {"New Business": 0.8, "Expansion": 0.2}
N_ACCOUNTS = 300  # per industry

# ---------- what reps state of lost deals; as the effects, no deal's outcome depends on it

LOSS_REASONS = {
    "Price": 0.25,
    "No decision": 0.25,
    "Timing": 0.15,
    "Lost to competitor": 0.15,
    "Missing feature": 0.1,
    "": 0.1,
}
COMPETITORS = {"Globex": 0.4, "Initech": 0.3, "Umbrella": 0.3}
# Of the deals lost in the decline, so many are lost to this competitor.
DECLINE_COMPETITOR, DECLINE_COMPETITOR_SHARE = "Initech", 0.45

# Dollars to be won per period: what would be won without the decline.
TARGETS = {
    "2026": 58_000_000,
    "2026-Q1": 13_500_000,
    "2026-Q2": 14_000_000,
    "2026-Q3": 15_000_000,
    "2026-Q4": 15_500_000,
}
EURO_RATE = 1.1  # dollars, with `--two-currencies`

COLUMNS = [
    "deal_id",
    "created_date",
    "closed_date",
    "sales_rep_id",
    "industry",
    "region",
    "product_type",
    "lead_source",
    "deal_stage",
    "deal_amount",
    "sales_cycle_days",
    "outcome",
    "deal_name",
    "account_id",
    "account_name",
    "pipeline_name",
    "loss_reason",
    "competitor",
]
# Parts of the names of accounts, so many that no two accounts share a name.
ACCOUNT_WORDS = (
    *(
        "Amber",
        "Birch",
        "Cedar",
        "Delta",
        "Ember",
        "Falcon",
        "Granite",
        "Harbor",
        "Indigo",
        "Juniper",
    ),
    *(
        "Keystone",
        "Lumen",
        "Meridian",
        "Northwind",
        "Onyx",
        "Pioneer",
        "Quartz",
        "Ridge",
        "Summit",
        "Tidal",
    ),
)
ACCOUNT_NOUNS = (
    *(
        "Analytics",
        "Capital",
        "Care",
        "Cloud",
        "Commerce",
        "Digital",
        "Energy",
        "Foods",
        "Group",
        "Health",
    ),
    *(
        "Insights",
        "Labs",
        "Learning",
        "Logistics",
        "Media",
        "Networks",
        "Partners",
        "Retail",
        "Software",
    ),
    *("Systems", "Telecom", "Travel", "Ventures", "Works", "World"),
)
ACCOUNT_FORMS = ("Inc", "Ltd", "GmbH")


def generate_deals(seed: int = SEED) -> pd.DataFrame:
    """The sample export as text, one row per deal, in order of creation.

    Returns `N_DEALS` rows with `COLUMNS`, every cell a string as in the CSV file:
    dates in ISO form, amounts in whole dollars, cycles in whole days. A deal
    still open on `AS_OF_DATE` has no closed date, no cycle and no outcome (null).
    The same seed gives the same rows.
    """
    # Each draw is for all deals, and the order of draws is fixed: add a new one at
    # the end, or all later draws change.
    rng = np.random.default_rng(seed)
    created = _draw_created_dates(rng)
    cycle_days = _draw_cycle_days(rng)
    levels = pd.DataFrame(
        {
            feature: rng.choice(list(shares), size=N_DEALS, p=list(shares.values()))
            for feature, shares in LEVEL_SHARES.items()
        }
    )
    reps = rng.integers(1, N_REPS, size=N_DEALS, endpoint=True)
    amounts = _draw_amounts(rng, levels["product_type"])
    closed = created + cycle_days
    is_won = rng.random(N_DEALS) < _win_probability(levels, closed)

    is_closed = closed <= AS_OF_DATE
    stage_now = _stage_by_age((AS_OF_DATE - created).astype(int), cycle_days)
    deals = levels.assign(
        deal_id=[f"D{number:05d}" for number in range(1, N_DEALS + 1)],
        created_date=created.astype(str),
        closed_date=closed.astype(str),
        sales_rep_id=[f"rep_{rep}" for rep in reps],
        deal_stage=np.where(is_closed, levels["deal_stage"], stage_now),
        deal_amount=amounts.astype(str),
        sales_cycle_days=cycle_days.astype(str),
        outcome=np.where(is_won, "Won", "Lost"),
    ).astype("string")
    deals.loc[~is_closed, ["closed_date", "sales_cycle_days", "outcome"]] = pd.NA
    return deals.join(_details(deals, np.random.default_rng([seed, 2])))[COLUMNS]


def _details(deals: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Pipeline, account, names, loss reason and competitor of each deal; null where there is none.

    An account is in one industry; it may buy in several regions.
    """
    industry = pd.Index(LEVEL_SHARES["industry"]).get_indexer(deals["industry"])
    account = industry * N_ACCOUNTS + rng.integers(0, N_ACCOUNTS, N_DEALS)
    names = [" ".join(words) for words in product(ACCOUNT_WORDS, ACCOUNT_NOUNS, ACCOUNT_FORMS)]
    account_name = rng.permutation(names)[account]

    is_lost = (deals["outcome"] == "Lost").fillna(False).to_numpy(bool)
    reason = rng.choice(list(LOSS_REASONS), N_DEALS, p=list(LOSS_REASONS.values()))
    competitor = rng.choice(list(COMPETITORS), N_DEALS, p=list(COMPETITORS.values()))
    feature, level = DECLINE_LEVEL
    in_decline = (deals[feature] == level) & (deals["closed_date"] >= str(DECLINE_START))
    is_planted = in_decline.fillna(False).to_numpy(bool)
    is_planted &= rng.random(N_DEALS) < DECLINE_COMPETITOR_SHARE
    reason = np.where(is_planted, "Lost to competitor", reason)
    competitor = np.where(is_planted, DECLINE_COMPETITOR, competitor)
    details = pd.DataFrame(
        {
            "deal_name": account_name + " - " + deals["product_type"].to_numpy(object),
            "account_id": [f"A{number:04d}" for number in account],
            "account_name": account_name,
            "pipeline_name": rng.choice(list(PIPELINES), N_DEALS, p=list(PIPELINES.values())),
            "loss_reason": np.where(is_lost, reason, ""),
            "competitor": np.where(is_lost & (reason == "Lost to competitor"), competitor, ""),
        }
    ).astype("string")
    return details.replace("", pd.NA)


def generate_owners() -> pd.DataFrame:
    """The reps as text: `owner`, `team` and `manager`. Five reps are a team."""
    reps = range(1, N_REPS + 1)
    return pd.DataFrame(
        {
            "owner": [f"rep_{rep}" for rep in reps],
            "team": [TEAMS[(rep - 1) // 5] for rep in reps],
            "manager": [f"Head of {TEAMS[(rep - 1) // 5]}" for rep in reps],
        }
    )


def generate_stages(seed: int = SEED) -> pd.DataFrame:
    """The stage history of the sample as text: one row per deal and stage that it entered.

    Returns `deal_id`, `stage` and `entered_date`, in order of deals and time. A deal passes
    `OPEN_STAGES` up to its last one, at days drawn at random, and enters 'Closed Won' or 'Closed
    Lost' on the day on which it closes.
    """
    rng = np.random.default_rng([seed, 1])
    rows = []
    for deal in generate_deals(seed).itertuples():
        n_stages = [*OPEN_STAGES, "Closed"].index(deal.deal_stage) + 1
        stages = OPEN_STAGES[:n_stages]
        created = np.datetime64(deal.created_date)
        is_open = pd.isna(deal.closed_date)
        end = AS_OF_DATE if is_open else np.datetime64(deal.closed_date)
        n_days = (end - created).astype(int)
        days = np.sort(rng.integers(0, n_days, len(stages) - 1, endpoint=True))
        rows += zip([deal.deal_id] * len(stages), stages, created + np.r_[0, days], strict=True)
        if not is_open:
            rows.append((deal.deal_id, f"Closed {deal.outcome}", end))
    return pd.DataFrame(rows, columns=["deal_id", "stage", "entered_date"]).astype("string")


def _draw_created_dates(rng: np.random.Generator) -> np.ndarray:
    """`N_DEALS` dates in ascending order, the first and the last day among them.

    One date is drawn from each of `N_DEALS` equal parts of the expected volume
    (stratified sampling), so that the quarters grow by `GROWTH` without noise that
    could make one of them smaller than the one before.
    """
    days = np.arange(FIRST_DATE, AS_OF_DATE + 1)
    volume = np.linspace(1, 1 + GROWTH, len(days))
    volume[~np.is_busday(days)] *= WEEKEND_RATE
    share_by_day_end = np.cumsum(volume) / volume.sum()
    position = (np.arange(N_DEALS) + rng.random(N_DEALS)) / N_DEALS
    return days[np.searchsorted(share_by_day_end[:-1], position, side="right")]


def _draw_cycle_days(rng: np.random.Generator) -> np.ndarray:
    """`N_DEALS` sales cycles in whole days, lognormal, 1 to `MAX_CYCLE_DAYS`."""
    # Longer ones are left out rather than capped, which would pile them up at the
    # maximum. They are about one in sixty, so drawing a tenth more is enough.
    drawn = rng.lognormal(np.log(MEDIAN_CYCLE_DAYS), CYCLE_SPREAD, size=N_DEALS * 11 // 10)
    return np.ceil(drawn[drawn <= MAX_CYCLE_DAYS][:N_DEALS]).astype(int)


def _draw_amounts(rng: np.random.Generator, product_type: pd.Series) -> np.ndarray:
    """One amount per deal in whole dollars, lognormal around its product's median."""
    median = product_type.map(MEDIAN_AMOUNT).to_numpy()
    return np.rint(rng.lognormal(np.log(median), AMOUNT_SPREAD)).astype(int)


def _win_probability(levels: pd.DataFrame, closed: np.ndarray) -> np.ndarray:
    """The true probability, 0 to 1, that each deal is won.

    levels: one row per deal, one column per feature of `LEVEL_SHARES`.
    closed: the date on which each deal closes, past or future.
    """
    log_odds = np.full(len(levels), BASE_LOG_ODDS)
    for (feature, level), effect in PLANTED_EFFECTS.items():
        log_odds += effect * (levels[feature] == level).to_numpy()
    feature, level = DECLINE_LEVEL
    in_decline = (levels[feature] == level).to_numpy() & (closed >= DECLINE_START)
    log_odds += DECLINE_EFFECT * in_decline
    return 1 / (1 + np.exp(-log_odds))


def _stage_by_age(age_days: np.ndarray, cycle_days: np.ndarray) -> np.ndarray:
    """The stage each deal is in at `age_days`, were its cycle to last `cycle_days`."""
    step = len(OPEN_STAGES) * age_days // cycle_days
    return np.array(OPEN_STAGES)[np.minimum(step, len(OPEN_STAGES) - 1)]


def generate_targets() -> pd.DataFrame:
    """What is to be won, as text: `period`, `team` (missing: all deals) and `amount` in dollars."""
    rows = [(period, None, amount) for period, amount in TARGETS.items()]
    quarter = "2026-Q3"
    rows += [(quarter, team, TARGETS[quarter] // len(TEAMS)) for team in TEAMS]
    return pd.DataFrame(rows, columns=["period", "team", "amount"]).astype("string")


def in_two_currencies(deals: pd.DataFrame) -> pd.DataFrame:
    """The same deals with `amount_currency`: those in Europe in euros, the others in dollars."""
    is_euro = deals["region"] == "Europe"
    amount = deals["deal_amount"].astype(int)
    in_euro = (amount / EURO_RATE).round().astype(int)
    return deals.assign(
        deal_amount=amount.mask(is_euro, in_euro).astype("string"),
        amount_currency=np.where(is_euro, "EUR", "USD"),
    )


def write(folder: Path, seed: int, start_month: int, has_two_currencies: bool) -> None:
    """Write the export into a folder, and what goes with it into its folder `sample`."""
    sample = folder / "sample"
    sample.mkdir(parents=True, exist_ok=True)
    deals = generate_deals(seed)
    settings = ["deals_path: ../deals.csv", "stages_path: stages.csv"]
    if start_month != 1:
        settings.append(f"fiscal_year_start_month: {start_month}")
    if has_two_currencies:
        deals = in_two_currencies(deals)
        settings.append("reporting_currency: USD")
        rates = pd.DataFrame([("EUR", "2024-01-01", EURO_RATE)])
        _write_csv(rates.set_axis(["currency", "from_date", "rate"], axis=1), sample / "rates.csv")
    _write_csv(deals, folder / "deals.csv")
    _write_csv(generate_stages(seed), sample / "stages.csv")
    _write_csv(generate_owners(), sample / "owners.csv")
    _write_csv(generate_targets(), sample / "targets.csv")
    text = "# Written by `make sample`.\n" + "".join(f"{line}\n" for line in settings)
    (sample / "settings.yml").write_text(text, encoding="utf-8")


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, index=False, lineterminator="\n")


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the sample into the folder given on the command line."""
    parser = argparse.ArgumentParser(description="Write the sample: an export and its settings.")
    parser.add_argument("folder", type=Path, help="the folder to write to, such as seeds")
    parser.add_argument("--seed", type=int, default=SEED, help="default: %(default)s")
    parser.add_argument(
        "--fiscal-year-start",
        type=int,
        default=1,
        choices=range(1, 13),
        metavar="MONTH",
        help="the month in which the fiscal year starts; default: January",
    )
    parser.add_argument(
        "--two-currencies", action="store_true", help="deals in Europe in euros, with a rate"
    )
    options = parser.parse_args(arguments)
    write(options.folder, options.seed, options.fiscal_year_start, options.two_currencies)


if __name__ == "__main__":
    main()
