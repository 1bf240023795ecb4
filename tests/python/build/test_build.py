"""Whole builds, as a user runs them."""

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from support import dbt
from support.builds import built, first_target, rows, run_main
from support.exports import sample_deals, small_export
from support.paths import SAMPLE
from tools.docs import markdown, model_card, readme
from winrate import project
from winrate.build import build, compiled, data_tests, publish, summary
from winrate.build.dbt import DbtRun, failure_lines
from winrate.build.directory import directory_path

pytestmark = pytest.mark.usefixtures("compiled_project")

PLANTED = {
    ("industry", "FinTech"): "helps",
    ("lead_source", "Referral"): "helps",
    ("deal_stage", "Demo"): "helps",
    ("deal_stage", "Qualified"): "hurts",
    ("lead_source", "Partner"): "hurts",
    ("region", "APAC"): "hurts",
    ("industry", "HealthTech"): "hurts",
}
PUBLIC_SCHEMAS = ("staging", "drivers", "scores", "alerts", "quality")


def differing_tables(one: Path, other: Path) -> list[str]:
    """Tables and views of the public schemas whose rows are not the same in both databases."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{one}' as one (read_only)")
        connection.execute(f"attach '{other}' as other (read_only)")
        tables = connection.execute(
            "select distinct schema_name || '.' || name from ("
            " select schema_name, table_name as name, database_name from duckdb_tables()"
            " union all select schema_name, view_name, database_name from duckdb_views())"
            " where database_name in ('one', 'other') and schema_name in ?",
            [PUBLIC_SCHEMAS],
        ).fetchall()
        assert len(tables) > 30

        def has_other_rows(table: str) -> bool:
            n_rows = connection.execute(
                f"select count(*) from ((from one.{table} except all from other.{table})"
                f" union all (from other.{table} except all from one.{table}))"
            ).fetchall()
            return n_rows[0][0] > 0

        return sorted(table for (table,) in tables if has_other_rows(table))


# ---- the two data sets


def test_the_sample_tells_its_planted_story(sample_warehouse):
    evidence = {
        (feature, level): found
        for feature, level, found in rows(
            sample_warehouse, "select feature, level, evidence from drivers.win_rate_drivers"
        )
    }
    assert {key: evidence[key] for key in PLANTED} == PLANTED
    # What is better than the average only because APAC pulls the average down.
    siblings = {("region", name) for name in ("Europe", "India", "North America")}
    claimed = {key for key, found in evidence.items() if found in ("helps", "hurts")}
    assert claimed - PLANTED.keys() <= siblings

    assert rows(sample_warehouse, "select verdict from drivers.model_verdict") == [("signal",)]
    worse = (
        "select feature, level from drivers.win_rate_change_segments where evidence = 'got worse'"
    )
    assert set(rows(sample_warehouse, worse)) == {("region", "APAC")}
    alerts = dict(
        rows(sample_warehouse, "select condition, count(*) from alerts.alerts group by all")
    )
    assert alerts["segment_decline"] == alerts["win_rate_decline"] == 1
    assert alerts["segment_underperforming"] == 3  # Partner, HealthTech, APAC
    assert alerts["deal_at_risk"] > 0 and alerts["deal_opportunity"] > 0
    assert "close_date_overdue" not in alerts


def test_the_reference_data_say_that_there_is_nothing_to_say(reference_warehouse):
    assert rows(
        reference_warehouse, "select n_won, n_lost, verdict from drivers.model_verdict"
    ) == [(2263, 2737, "no signal")]
    assert rows(reference_warehouse, "select distinct evidence from drivers.win_rate_drivers") == [
        ("inconclusive",)
    ]
    assert rows(reference_warehouse, "select count(grade) from scores.scored_deals") == [(0,)]
    assert rows(reference_warehouse, "select * from alerts.alerts") == []
    quarters = rows(
        reference_warehouse,
        "select round(100 * win_rate, 1), is_complete from drivers.win_rate_trend"
        " where basis = 'closed' and grain = 'quarter' order by period_start",
    )
    assert [rate for rate, _ in quarters] == [44.5, 45.0, 42.8, 47.5, 46.7, 43.8, 51.7]
    # In the first two, deals that take long could not close yet.
    assert [complete for _, complete in quarters] == [False] * 2 + [True] * 4 + [False]


def test_the_built_importance_is_the_published_one(reference_warehouse, reference_data):
    expected = pd.read_csv(reference_data / "importance_expected.csv")
    table = dict(rows(reference_warehouse, "from drivers.importance"))
    assert table == pytest.approx(dict(expected.itertuples(index=False)), abs=1e-5)


def test_a_workbook_gives_the_same_tables_as_the_csv(tmp_path, reference_warehouse, reference_data):
    from_workbook = built(tmp_path, reference_data / "deals_5000.xlsx")
    assert differing_tables(reference_warehouse, from_workbook) == [
        "quality.build_info",
        "quality.row_ledger",
    ]


@pytest.mark.slow
def test_a_salesforce_export_is_built_as_it_comes(tmp_path):
    """No column for the outcome, and none for three of the features."""
    deals = sample_deals()
    stages = {"Won": "Closed Won", "Lost": "Closed Lost"}
    pd.DataFrame(
        {
            "Id": deals["deal_id"],
            "StageName": deals["outcome"].map(stages).fillna(deals["deal_stage"]),
            "IsWon": deals["outcome"].eq("Won"),
            "IsClosed": deals["outcome"].isin(stages),
            "CreatedDate": deals["created_date"] + "T08:00:00.000+0000",
            "CloseDate": deals["closed_date"],
            "LeadSource": deals["lead_source"],
            "Amount": deals["deal_amount"],
            "OwnerId": deals["sales_rep_id"],
        }
    ).to_csv(tmp_path / "opportunities.csv", index=False)
    warehouse = built(tmp_path, tmp_path / "opportunities.csv")
    assert (
        rows(
            warehouse,
            "select feature, max(evidence), min(evidence) from drivers.win_rate_drivers"
            " where feature in ('deal_stage', 'industry') group by all order by 1",
        )
        == []
    )  # the export has no industry, and of closed deals one stage
    evidence = dict(
        rows(
            warehouse,
            "select level, evidence from drivers.win_rate_drivers where feature = 'lead_source'",
        )
    )
    assert evidence["Referral"] == "helps" and evidence["Partner"] == "hurts"
    single = "select feature from quality.data_checks where check_name = 'feature_has_one_level'"
    assert rows(warehouse, single) == [("deal_stage",)]  # and no column that is not there
    unknown = "select entity_id from alerts.alert_data_quality where entity_type = 'column'"
    assert rows(warehouse, unknown) == []


def test_amounts_in_another_currency_change_no_verdict(tmp_path, sample_warehouse):
    deals = pd.read_csv(SAMPLE)
    deals["deal_amount"] = deals["deal_amount"] * 83  # whole dollars to whole rupees
    deals.to_parquet(tmp_path / "deals.parquet")
    rescaled = built(tmp_path, tmp_path / "deals.parquet")
    for query in (
        "select feature, round(effect_pp, 9), round(q_value, 9), evidence"
        " from drivers.win_rate_drivers order by all",
        "select deal_id, round(win_probability, 9), grade from scores.scored_deals order by all",
        "select alert_key, severity from alerts.alerts order by all",
    ):
        assert rows(rescaled, query) == rows(sample_warehouse, query)


# ---- dbt's own tests, the unit tests among them


def test_dbt_builds_every_model_and_passes_every_data_test(sample_warehouse, compiled_project):
    nodes = dbt.manifest(compiled_project)["nodes"]
    built_alone = {
        name for name, node in nodes.items() if node["config"]["materialized"] != "ephemeral"
    }
    ran = dbt.statuses(first_target(sample_warehouse))
    assert ran.keys() == built_alone
    assert {node.split(".")[0] for node in ran} == {"model", "test"}
    assert set(ran.values()) == {"success", "pass"}


def test_the_reference_data_pass_every_data_test(reference_warehouse, compiled_project):
    tests = data_tests.read(compiled_project, compiled.project_key())
    assert data_tests.failures(tests, reference_warehouse) == []


def test_every_unit_test_passes(tmp_path, sample_tables, compiled_project):
    """On a copy of all tables: a unit test brings rows, but reads types from the tables."""
    copy = Path(shutil.copy(sample_tables, tmp_path / "warehouse.duckdb"))
    with dbt.columns_read_once():
        ran = dbt.outcomes(DbtRun(copy, compiled_project), "test", "--select", "test_type:unit")
    assert {name: outcome for name, outcome in ran.items() if outcome.status != "pass"} == {}
    assert ran.keys() == dbt.manifest(compiled_project)["unit_tests"].keys()


@pytest.mark.slow
def test_a_plain_dbt_build_makes_the_same_tables(tmp_path, sample_warehouse, compiled_project):
    """From what dbt has parsed for a database of this relative path, which saves parsing anew."""
    dbt.copy_parse(compiled_project, tmp_path / "target")
    (tmp_path / "seeds").symlink_to(project.ROOT / "seeds")  # a relative path in dbt_project.yml
    run = subprocess.run(
        [
            *(sys.executable, "-m", "dbt.cli.main", "--quiet", "build"),
            *("--exclude-resource-type", "unit_test", "test"),
            *("--project-dir", project.ROOT, "--profiles-dir", project.ROOT),
            *("--target-path", tmp_path / "target", "--log-path", tmp_path / "logs"),
        ],
        cwd=tmp_path,
        env=os.environ | {"WINRATE_DATABASE": "warehouse.duckdb"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout
    differ = differing_tables(sample_warehouse, tmp_path / "warehouse.duckdb")
    assert differ == ["quality.build_info"]  # the time of the build


def test_only_what_public_views_read_is_published(sample_warehouse):
    with duckdb.connect(str(sample_warehouse), read_only=True) as connection:
        internal = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'internal'"
        ).fetchall()
        views = connection.execute(
            "select schema_name || '.' || view_name, sql from duckdb_views() where not internal"
        ).fetchall()
        for view, _ in views:
            connection.execute(f"select count(*) from {view}")
    for (name,) in internal:
        assert any(re.search(rf"internal\W+{name}\b", sql) for _, sql in views), name
    assert "checked_rows" in {name for (name,) in internal}


# ---- the data tests, as DuckDB runs them


SCORES = "scores.scored_deals"
BREAKS = {
    "unique_scored_deals_deal_id": f"insert into {SCORES} from {SCORES} where grade = 'C'",
    "not_null_scored_deals_status": f"update {SCORES} set status = null where grade = 'A'",
    "accepted_values_model_verdict_verdict": "update drivers.model_verdict set verdict = 'perhaps'",
    "assert_scores_cover_every_deal": f"delete from {SCORES} where grade = 'B'",
}


def test_duckdb_finds_the_failures_that_dbt_finds(tmp_path, sample_tables, compiled_project):
    broken = Path(shutil.copy(sample_tables, tmp_path / "warehouse.duckdb"))
    tests = data_tests.read(compiled_project, compiled.project_key())
    assert data_tests.failures(tests, broken) == []
    with duckdb.connect(str(broken)) as connection:
        for statement in BREAKS.values():
            connection.execute(statement)
    found = dict(data_tests.failures(tests, broken))
    for name in BREAKS:
        assert any(test.startswith(name) for test in found), name
    # All tests that read a table which was changed, or a view of one.
    changed = ("scored_deals+", "model_verdict+")
    command = ("test", "--exclude-resource-type", "unit_test", "--select", *changed)
    ran = dbt.outcomes(DbtRun(broken, compiled_project), *command)
    failed = {
        name.split(".")[2]: outcome.message
        for name, outcome in ran.items()
        if outcome.status != "pass"
    }
    assert failed == found and len(ran) > len(failed)


def test_tests_that_dbt_compiled_are_kept_until_the_project_changes(tmp_path, compiled_project):
    key = compiled.project_key()
    shutil.copy(compiled_project / data_tests.FILE, tmp_path)
    tests = data_tests.read(tmp_path, key)
    nodes = dbt.manifest(compiled_project)["nodes"]
    assert [name for name, _ in tests] == [
        node["name"] for node in nodes.values() if node["resource_type"] == "test"
    ]
    assert data_tests.read(tmp_path, "the key of other files") is None
    (tmp_path / data_tests.FILE).write_text('{"key": ')  # damaged
    assert data_tests.read(tmp_path, key) is None
    assert data_tests.read(tmp_path / "missing", key) is None


def test_no_test_is_kept_where_one_depends_on_settings_of_a_run(tmp_path, compiled_project):
    manifest = dbt.manifest(compiled_project)
    test = next(node for node in manifest["nodes"].values() if node["resource_type"] == "test")
    test["depends_on"]["macros"].append("macro.winrate.day_of")
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    data_tests.keep(tmp_path, "key")
    assert not (tmp_path / data_tests.FILE).exists()


# ---- a feature is added


# ---- exports with little in them


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n_deals", "columns", "statement"),
    [
        (1, {}, "too few"),
        (300, {"outcome": "Won"}, "300 won and 0 lost"),
        (60, {"outcome": "", "closed_date": ""}, "0 won and 0 lost"),
    ],
    ids=["one deal", "all won", "all open"],
)
def test_an_export_with_little_in_it_makes_tables_but_no_claims(
    tmp_path, n_deals, columns, statement
):
    deals = small_export(tmp_path / "deals.csv", n_deals, **columns)
    warehouse = built(tmp_path, deals, chart_files=True)
    verdict = rows(warehouse, "select verdict, statement from drivers.model_verdict")[0]
    assert verdict[0] == "too few deals"
    assert statement in verdict[1]
    assert rows(warehouse, "select count(*) from scores.scored_deals") == [(n_deals,)]
    claims = "select count(*) from drivers.win_rate_drivers where evidence != 'too few deals'"
    assert rows(warehouse, claims) == [(0,)]


@pytest.mark.slow
def test_thirty_thousand_levels_are_rare_and_not_compared(tmp_path, sample_warehouse):
    n = 30_000
    deals = sample_deals().sample(n, replace=True, random_state=1)
    names = [f"name {i}" for i in range(n)]
    deals.assign(deal_id=names, industry=names).to_csv(tmp_path / "deals.csv", index=False)
    warehouse = built(tmp_path, tmp_path / "deals.csv")
    ledger = "select n_read, n_accepted, n_lines = n_lines_read from quality.row_ledger"
    assert rows(warehouse, ledger) == [(n, n, True)]
    own = "select count(distinct deal_id) from staging.stg_deals where industry = deal_id"
    assert rows(warehouse, own) == [(n,)]
    levels = "select level from drivers.win_rate_drivers where feature = 'industry'"
    assert rows(warehouse, levels) == []
    named = "select feature, message from quality.data_checks"
    [(feature, message)] = rows(warehouse, f"{named} where check_name = 'feature_is_identifier'")
    assert feature == "industry" and "Industry has 27," in message  # of the closed deals
    # The page lists none of them.
    page, other = (path.parent / "report" / "index.html" for path in (warehouse, sample_warehouse))
    assert page.stat().st_size < other.stat().st_size + 5 * n


# ---- builds that fail


@pytest.fixture
def published(tmp_path, sample_warehouse) -> Path:
    """A published warehouse that a failing build must leave alone."""
    return Path(shutil.copy(sample_warehouse, tmp_path / "warehouse.duckdb"))


def assert_refused(published: Path, *arguments: object, says: str, exit_code: int = 1) -> None:
    before = published.read_bytes()
    report = published.parent / "report"
    run = run_main("build", "--warehouse", published, "--report", report, *arguments)
    assert run.returncode == exit_code
    assert says in run.stderr
    assert "Traceback" not in run.stdout + run.stderr
    assert published.read_bytes() == before
    assert not report.exists()


def test_a_missing_column_is_named_in_one_sentence(tmp_path, published):
    deals = tmp_path / "deals.csv"
    sample_deals().drop(columns=["deal_id", "deal_amount"]).to_csv(deals, index=False)
    assert_refused(
        published,
        "--deals",
        deals,
        says="the required column deal_id is missing",
    )


def test_an_export_without_one_usable_row_is_refused(tmp_path, published):
    deals = small_export(tmp_path / "deals.csv", 50, deal_amount="some")
    says = "none of its 50 rows can be used:\n    50 bad_deal_amount: line 2, deal_amount 'some'"
    assert_refused(published, "--deals", deals, says=says)


def test_an_as_of_date_that_is_none_is_refused(published):
    assert_refused(published, "--as-of", "31/12/2026", says="expected a date such as")


def test_a_failing_dbt_run_leaves_what_was_published(published):
    assert_refused(published, "--target", "nowhere", says=build.UNCHANGED)


def test_an_export_that_changes_while_it_is_read_is_refused(tmp_path, published, monkeypatch):
    """Its hash in quality.build_info would be that of another file."""
    deals = small_export(tmp_path / "deals.csv", 50)

    def run_dbt(request, *_):
        request.deals.write_text("more to come")

    monkeypatch.setattr(build, "run_dbt", run_dbt)
    with pytest.raises(publish.BuildError, match="changed while it was read"):
        build.build(build.BuildRequest(deals, published, tmp_path / "report"))


def test_a_second_build_at_the_same_time_is_turned_away(published):
    directory = directory_path(published)
    directory.mkdir(parents=True)
    with publish.locked(directory):
        assert_refused(published, says="Another build", exit_code=75)


# ---- what a build leaves and says


def test_a_build_leaves_no_log_and_no_folder_behind(sample_warehouse):
    assert not Path(f"{sample_warehouse}.wal").exists()
    assert {path.name for path in directory_path(sample_warehouse).iterdir()} == {"target"}
    report = sample_warehouse.parent / "report"
    assert {path.name for path in report.iterdir()} >= {"index.html", "win_rate_drivers.svg"}


def test_a_copied_warehouse_works_under_another_name(tmp_path, sample_warehouse):
    copy = Path(shutil.copy(sample_warehouse, tmp_path / "for_the_bi_tool.duckdb"))
    assert rows(copy, "select count(*) from alerts.alerts") == rows(
        sample_warehouse, "select count(*) from alerts.alerts"
    )


def test_the_summary_has_deals_outcomes_verdict_and_alerts(sample_warehouse):
    facts = summary.read_facts(sample_warehouse)
    text = summary.summary_text(facts, SAMPLE, sample_warehouse, Path("report"), 1000)
    assert "5,500 read, 5,500 accepted, 0 rejected" in text
    assert "2,186 won, 2,796 lost, 518 open" in text
    assert "The features discriminate between won and lost deals" in text
    assert "2 critical" in text
    assert "drivers.importance is fitted on a fixed sample of 1,000 deals" in text
    assert str(sample_warehouse) in text


@pytest.mark.slow
def test_scores_remember_the_build_before(tmp_path, sample_warehouse):
    warehouse = built(tmp_path, SAMPLE, as_of=date(2026, 5, 31))
    scores = "select deal_id, win_probability from scores.scored_deals where status = 'open'"
    first = dict(rows(warehouse, scores))
    # What closed in June was open on the last day of May; what was created in June was not there.
    read, accepted, rejected, skipped = rows(
        warehouse, "select n_read, n_accepted, n_rejected, n_skipped from quality.row_ledger"
    )[0]
    assert (read, rejected) == (5500, 0)
    assert accepted + skipped == read and skipped > 200
    open_then = "select count(*) from staging.stg_deals where is_open"
    assert rows(warehouse, open_then)[0][0] > 450
    assert rows(warehouse, "select count(previous_win_probability) from scores.scored_deals") == [
        (0,)
    ]
    built(tmp_path, SAMPLE)
    # Of what dbt built without a build before, nothing else differs than what builds remember.
    assert differing_tables(sample_warehouse, warehouse) == [
        "drivers.stage_conversion",
        "quality.build_info",
        "scores.open_deals",
        "scores.score_history",
        "scores.scored_deals",
        "staging.stg_deal_changes",
        "staging.stg_deal_stages",
    ]
    previous = dict(
        rows(
            warehouse,
            "select deal_id, previous_win_probability from scores.scored_deals"
            " where previous_win_probability is not null",
        )
    )
    assert previous == first
    trends = dict(rows(warehouse, "select score_trend, count(*) from scores.open_deals group by 1"))
    assert trends["steady"] > 200 and trends["not enough information"] > 200
    changed = trends.get("improving", 0) + trends.get("declining", 0)
    assert changed < 20, "deals that only grew older, scored by another model, have no trend"


def test_the_error_of_a_model_is_its_sentence_and_not_the_mark_below_it():
    message = """Python model failed:
Traceback (most recent call last):
  File "x.py", line 1, in model
_duckdb.BinderException: Binder Error: Referenced column "as_of_date" not found

LINE 1: select as_of_date
               ^"""
    assert failure_lines([("model", message)]) == [
        'model: _duckdb.BinderException: Binder Error: Referenced column "as_of_date" not found'
    ]


def test_memory_that_runs_out_is_one_line_with_advice_that_can_be_followed():
    with duckdb.connect(config={"memory_limit": "20MB"}) as connection:
        with pytest.raises(duckdb.OutOfMemoryException) as duckdb_error:
            connection.execute("select string_agg(md5(range::varchar)) from range(3000000)")
        (limit,) = connection.execute("select current_setting('memory_limit')").fetchone()
    failures = [(f"model_{number}", str(duckdb_error.value)) for number in range(5)]
    advice = (
        f"there is not enough memory (DuckDB may use {limit}); set THREADS=1, which needs less "
        "memory, or use a machine with more"
    )
    assert failure_lines([("other", "its reason"), *failures]) == [advice, "other: its reason"]
    with pytest.raises(MemoryError) as python_error:
        bytearray(1 << 60)
    message = f"Traceback\n{python_error.type.__name__}: {python_error.value}"
    assert failure_lines([("model", message)]) == [advice.replace(f" (DuckDB may use {limit})", "")]


def test_the_readme_shows_the_sample_as_it_is_built(whole_sample_warehouse, sample_warehouse):
    shown = markdown.read_block(readme.README, readme.BLOCK)
    assert shown == readme.summary_block(whole_sample_warehouse)
    drawn = sample_warehouse.parent / "report" / readme.PICTURE.name
    assert readme.PICTURE.read_bytes() == drawn.read_bytes()


def test_the_model_card_shows_the_sample_as_it_is_built(whole_sample_warehouse):
    blocks = model_card.blocks(whole_sample_warehouse)
    assert {name: markdown.read_block(model_card.PAGE, name) for name in blocks} == blocks, (
        "docs/model-card.md is out of date: run `make docs`"
    )


def test_the_page_of_the_sample_has_every_part(whole_sample_warehouse):
    page = (whole_sample_warehouse.parent / "report" / "index.html").read_text(encoding="utf-8")
    headings = (
        *("What changed", "Why", "Targets and coverage", "What moves the win rate"),
        *("Why deals are lost", "The stages of the funnel", "Reps", "Open deals by score"),
    )
    places = [page.index(f">{heading}<") for heading in headings]
    assert places == sorted(places)
    assert "name the competitor &#39;Initech&#39;" in page
