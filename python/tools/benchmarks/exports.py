"""Exports of any number of deals: five categories, two numbers, 6% of the deals open.

The value of a deal in a column follows from its number and the column's name, so that an export
is the same on every machine and the first deals of a longer one are no others.
"""

from pathlib import Path

import duckdb

SEED = 20260630
N_REPS = 200
AS_OF_DATE = "2026-06-30"
N_DAYS = 1_096  # in which deals were created; 6% of them are still open at the end

LEVELS = {
    "industry": ("SaaS", "FinTech", "HealthTech", "EdTech", "Ecommerce"),
    "region": ("North America", "Europe", "India", "APAC"),
    "product_type": ("Core", "Pro", "Enterprise"),
    "lead_source": ("Inbound", "Outbound", "Referral", "Partner"),
    "deal_stage": ("Qualified", "Demo", "Proposal", "Negotiation", "Closed"),
}
# Points of win rate that a level adds to the base.
BASE_WIN_RATE = 0.44
EFFECTS = {"FinTech": 0.05, "HealthTech": -0.05, "Referral": 0.08, "Partner": -0.06, "APAC": -0.04}


def _uniform(name: str) -> str:
    """A number in [0, 1) that follows from the number of a deal and a name, as SQL."""
    return f"(hash(i, '{name}', {SEED}) % 1000000007 / 1000000007.0)"


def _level(feature: str) -> str:
    """The level of a feature, as SQL."""
    levels = LEVELS[feature]
    cases = " ".join(f"when {k} then '{level}'" for k, level in enumerate(levels))
    return f"case cast(floor({_uniform(feature)} * {len(levels)}) as int) {cases} end as {feature}"


def deals_query(n_deals: int, first: int = 0) -> str:
    """One row per deal with the columns of seeds/deals.csv, in the order of their ids."""
    effects = " + ".join(
        f"case when {feature} = '{level}' then {effect} else 0 end"
        for feature, levels in LEVELS.items()
        for level, effect in EFFECTS.items()
        if level in levels
    )
    return f"""
        with drawn as (
            select
                i,
                date '{AS_OF_DATE}' - cast(floor({_uniform("created")} * {N_DAYS}) as int)
                    as created_date,
                cast(floor(10 + 110 * {_uniform("cycle")}) as int) as cycle,
                'rep_' || cast(floor({N_REPS} * {_uniform("rep")}) as int) as sales_rep_id,
                {", ".join(_level(feature) for feature in LEVELS)},
                cast(exp(9.5 + 2 * ({_uniform("amount")} + {_uniform("amount2")} - 1)) as int)
                    as deal_amount,
                {_uniform("outcome")} as u_outcome
            from range({first}, {first + n_deals}) as numbers (i)
        ),

        ended as (
            select *, created_date + cycle > date '{AS_OF_DATE}' as is_open from drawn
        )

        select
            'D' || lpad(cast(i as varchar), 8, '0') as deal_id,
            created_date,
            case when not is_open then created_date + cycle end as closed_date,
            sales_rep_id,
            {", ".join(LEVELS)},
            deal_amount,
            case when not is_open then cycle end as sales_cycle_days,
            case
                when is_open then 'Open'
                when u_outcome < {BASE_WIN_RATE} + {effects} then 'Won'
                else 'Lost'
            end as outcome
        from ended
    """


def added_features(n_features: int) -> list[str]:
    """The names of features that an export may have beside those of the sample."""
    return [f"feature_{number:02}" for number in range(1, n_features + 1)]


def write_export(path: Path, n_deals: int, n_features: int = 0, n_levels: int = 5) -> Path:
    """Write an export as what its name ends with, .csv or .parquet; returns its path.

    n_features: so many features more, of `n_levels` equally frequent levels without an effect.
    """
    kind = "parquet" if path.suffix == ".parquet" else "csv, header"
    drawn = [
        f"'level ' || cast(floor({_uniform(name)} * {n_levels}) as int) as {name}"
        for name in added_features(n_features)
    ]
    numbered = f"select *, cast(substr(deal_id, 2) as bigint) as i from ({deals_query(n_deals)})"
    query = f"select {', '.join(['* exclude (i)', *drawn])} from ({numbered})"
    with duckdb.connect() as connection:
        connection.execute(f"copy ({query}) to '{path}' (format {kind})")
    return path
