"""The models run on a frame of deals give the tables that a build gives."""

from datetime import date

import numpy as np
import pytest

from support.builds import rows
from tools import sample
from tools.evidence import generators, warehouse

pytestmark = pytest.mark.slow


def names_of(project: warehouse.Project) -> set[str]:
    return {model["name"] for model in project.models}


def test_the_public_tables_of_the_sample_are_those_of_a_build(compile_with, plain_sample_warehouse):
    public = rows(
        plain_sample_warehouse,
        """
        select table_schema || '.' || table_name from information_schema.tables
        where
            table_schema in ('drivers', 'scores', 'alerts')
            or table_name in ('stg_deals', 'missing_values', 'unparsed_cells', 'data_checks')
        """,
    )
    assert {("drivers.win_rate_drivers",), ("drivers.win_rate_change",)} <= set(public)
    with warehouse.build(compile_with(), generators.sample(sample.SEED)) as connection:
        for (name,) in public:
            query = f"select * from {name} order by all"
            assert connection.execute(query).fetchall() == rows(plain_sample_warehouse, query), name


def test_deals_with_accounts_and_missing_values_can_be_built(compile_with):
    deals = generators.missing_by_outcome(np.random.default_rng(1), 1000)
    compiled = compile_with(only=["missing_values", "level_totals"])
    with warehouse.build(compiled, deals, as_of_date="2026-07-01") as connection:
        n_missing = connection.execute(
            "select n_gaps from internal.missing_values where entity_id = 'industry'"
        ).fetchone()
        days = connection.execute("select distinct as_of_date from staging.stg_deals").fetchall()
    assert n_missing == ((deals["industry"] == "Unknown").sum(),)
    assert days == [(date(2026, 7, 1),)]


def test_a_model_that_is_left_out_takes_those_that_read_it_along(compile_with):
    everything = names_of(compile_with())
    assert everything - names_of(compile_with(without=["est_importance"])) == {
        "est_importance",
        "importance",
    }


def test_only_what_the_wanted_models_read_is_built(compile_with):
    names = names_of(compile_with(only=["win_rate_change"]))
    assert {"est_win_rate_change", "window_totals", "win_rate_change"} <= names
    assert not names & {"win_rate_drivers", "alerts", "checked_rows"}
