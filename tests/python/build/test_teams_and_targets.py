"""A build with the owners.csv and targets.csv of a user's folder: teams, managers and coverage."""

import pandas as pd
import pytest

from support.builds import built_by_dbt, built_once, rows, run_main
from support.exports import sample_deals
from support.page import Page
from winrate.config import folder
from winrate.ingest import masking

pytestmark = pytest.mark.usefixtures("compiled_project")

AS_OF = pd.Timestamp("2026-05-31")
SECRET = "secret"
MANAGERS = {"East": "Mo Fox", "West": "Di Orr", "North": "Mo Fox"}
TARGETS = """period,owner,team,amount
2026-Q2,,,20000000
2026-Q1,all,,9000000
2026-Q3,,,15000000
2026-06,,West,1500000
2026-Q2,REP_1,,900000
2026-Q2,{rep_2},,900000
2026-Q2,Nobody,,1
FY2026/27,,,60000000
"""


def team_of(rep: pd.Series) -> pd.Series:
    """Three teams, and some reps in none."""
    number = rep.str.removeprefix("rep_").astype(int)
    return (number % 4).map({0: "East", 1: "West", 2: "North"})


@pytest.fixture(scope="module")
def deals() -> pd.DataFrame:
    """The sample as on a day within a quarter, open deals expected within two quarters of it.

    Every fifth open deal has no rep and a manager; West is a team of the export, too, and rep_7 is
    of another team there.
    """
    deals = sample_deals()
    is_open = ~deals["outcome"].isin(["Won", "Lost"])
    days = pd.to_timedelta(deals.index % 200 - 40, unit="D")
    deals["expected_close_date"] = (AS_OF + days).strftime("%Y-%m-%d").where(is_open)
    deals["team"] = deals["sales_rep_id"].map({"rep_1": "WEST", "rep_7": "Overseas"})
    deals["manager"] = "Export Manager"
    has_no_rep = is_open & (deals.index % 5 == 0)
    deals.loc[has_no_rep, "sales_rep_id"] = ""
    return deals


@pytest.fixture(scope="module")
def config(tmp_path_factory, compiled_project, deals):
    """A masked folder with both files: names are in them as they are, and one key."""
    own = tmp_path_factory.mktemp("teams")
    deals.to_csv(own / "deals.csv", index=False)
    reps = pd.Series(sorted(set(sample_deals()["sales_rep_id"])))
    teams = team_of(reps)
    lines = [
        f"{rep},{team},{MANAGERS[team]}"
        for rep, team in zip(reps, teams, strict=True)
        if isinstance(team, str)
    ]
    text = "\n".join(["owner,team,manager", *lines, "Nobody,East,Mo Fox"])
    (own / "owners.csv").write_text(text, encoding="utf-8")
    key = masking.masked_name("rep_2", "rep", SECRET)
    (own / "targets.csv").write_text(TARGETS.format(rep_2=key), encoding="utf-8")
    (own / "settings.yml").write_text("deals_path: deals.csv\nmask_reps: true\n", encoding="utf-8")
    return folder.read(own)


@pytest.fixture(scope="module")
def with_teams(tmp_path_factory, config):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(masking.KEY_VARIABLE, SECRET)
        return built_once(
            *(tmp_path_factory, "teams", config.deals(), built_by_dbt),
            config=config,
            as_of=AS_OF.date(),
        )


def test_deals_have_the_team_and_the_manager_of_the_file_before_those_of_the_export(
    with_teams, deals
):
    found = dict(rows(with_teams, "select deal_id, team from staging.stg_deals"))
    reps = deals["sales_rep_id"]
    of_file = team_of(reps.replace("", "rep_3")).where(reps != "")
    # A team of the file that the export has is spelled as there.
    expected = of_file.fillna(deals["team"]).replace("West", "WEST").fillna("none")
    is_found = deals["deal_id"].isin(found)
    assert is_found.sum() > 4000
    teams = deals["deal_id"].map(found).fillna("none")
    assert set(teams) == {"East", "WEST", "North", "Overseas", "none"}
    assert (teams == expected)[is_found].all()
    managers = {masking.masked_name(name, "rep", SECRET) for name in MANAGERS.values()}
    managers.add(masking.masked_name("Export Manager", "rep", SECRET))
    found = {manager for (manager,) in rows(with_teams, "select manager from staging.stg_deals")}
    assert found == managers


def test_no_name_of_a_person_in_the_files_is_in_the_warehouse_or_on_the_page(with_teams):
    report = (with_teams.parent / "report" / "index.html").read_text(encoding="utf-8")
    for name in ("Mo Fox", "Di Orr", "Nobody", "Export Manager"):
        assert name not in report
        for schema, table in rows(
            with_teams, "select table_schema, table_name from information_schema.tables"
        ):
            query = f"select count(*) from {schema}.{table} as t where contains(t::text, '{name}')"
            assert rows(with_teams, query) == [(0,)], table


def test_coverage_is_that_of_the_deals_of_the_export(with_teams, deals):
    found = rows(
        with_teams,
        """
        select period, target_amount, won_amount, needed_amount, n_open_deals, open_amount,
            coverage_ratio, is_over
        from drivers.target_coverage where entity_type = 'all' order by period
        """,
    )
    by_period = {period: rest for period, *rest in found}
    assert set(by_period) == {"2026 Q1", "2026 Q2", "2026 Q3"}
    target, won_amount, needed, n_open, open_amount, coverage, is_over = by_period["2026 Q2"]
    amount = deals["deal_amount"].astype(float)
    closed = pd.to_datetime(deals["closed_date"])
    is_won = (deals["outcome"] == "Won") & closed.between("2026-04-01", AS_OF)
    # Of a deal that closed later, nobody knew when on the day.
    is_open = pd.to_datetime(deals["created_date"]) <= AS_OF
    is_open &= deals["expected_close_date"].between("2026-04-01", "2026-06-30")
    assert (target, is_over) == (20_000_000, False)
    assert won_amount == pytest.approx(amount[is_won].sum())
    assert needed == pytest.approx(20_000_000 - amount[is_won].sum())
    assert (n_open, open_amount) == (is_open.sum(), pytest.approx(amount[is_open].sum()))
    assert coverage == pytest.approx(open_amount / needed)
    assert by_period["2026 Q1"][-1] and by_period["2026 Q1"][4] is None


def test_weighted_coverage_is_that_of_the_scores(with_teams):
    [(weighted, low, high, open_amount, expected)] = rows(
        with_teams,
        """
        select
            weighted_amount, weighted_amount_low, weighted_amount_high, open_amount,
            (
                select sum(expected_amount) from scores.open_deals
                where expected_close_date between date '2026-04-01' and date '2026-06-30'
            )
        from drivers.target_coverage
        where period = '2026 Q2' and entity_type = 'all'
        """,
    )
    assert weighted == pytest.approx(expected, abs=1)
    assert 0 < low < weighted < high < open_amount
    assert rows(
        with_teams, "select distinct weighted_by from drivers.target_coverage order by 1"
    ) == [
        ("scores",),
        (None,),
    ]


def test_the_pattern_of_a_quarter_is_that_of_earlier_ones(with_teams, deals):
    [(n_periods, share)] = rows(
        with_teams,
        "select n_pattern_periods, share_of_pattern from drivers.target_coverage"
        " where period = '2026 Q2' and entity_type = 'all'",
    )
    closed = pd.to_datetime(deals["closed_date"])
    won = deals.assign(closed=closed, amount=deals["deal_amount"].astype(float))
    won = won[(won["outcome"] == "Won") & (closed < "2026-04-01")]
    quarters = won["closed"].dt.to_period("Q")
    last = sorted(quarters.unique())[-n_periods:]
    day = (won["closed"] - quarters.dt.start_time).dt.days
    kept = quarters.isin(last)
    by_then = won.loc[kept & (day <= 60), "amount"].sum()
    assert n_periods >= 4
    assert share == pytest.approx(by_then / won.loc[kept, "amount"].sum())


def test_owners_and_teams_have_their_targets_in_any_spelling_and_by_key(with_teams):
    found = rows(
        with_teams,
        """
        select entity_type, entity_id, n_open_deals_in_all > 0
        from drivers.target_coverage where entity_type != 'all' order by all
        """,
    )
    # Ids are compared as they are: REP_1 is not rep_1.
    keys = [masking.masked_name(name, "rep", SECRET) for name in ("rep_2", "REP_1", "Nobody")]
    expected = [("owner", key, key == keys[0]) for key in keys] + [("team", "West", True)]
    assert sorted(found) == sorted(expected)


def test_lines_that_are_about_nobody_and_owners_without_a_team_are_named(with_teams):
    found = rows(with_teams, "select check_name, message from quality.data_checks")
    messages: dict[str, list[str]] = {}
    for name, message in found:
        messages.setdefault(name, []).append(message)
    assert len(messages["owner_not_used"]) == 1
    assert len(messages["target_not_used"]) == 3
    assert any("fiscal year that begins in another month" in m for m in messages["target_not_used"])
    [without] = messages["owner_without_team"]
    assert "open deals without a team, such as rep_" in without


def test_a_deal_without_a_rep_has_its_manager_as_owner_of_alerts(with_teams):
    manager = masking.masked_name("Export Manager", "rep", SECRET)
    found = rows(
        with_teams,
        """
        select distinct alerts.owner, alerts.manager
        from alerts.alerts as alerts
        inner join scores.open_deals as deals on alerts.entity_id = deals.deal_id
        where deals.sales_rep_id = 'Unknown'
        """,
    )
    assert found == [(manager, manager)]
    [(n_alerts, n_same)] = rows(
        with_teams,
        """
        select count(*), count(case when alerts.owner = deals.owner then 1 end)
        from alerts.alerts as alerts
        inner join scores.open_deals as deals on alerts.entity_id = deals.deal_id
        where deals.sales_rep_id != 'Unknown'
        """,
    )
    assert n_alerts == n_same > 0


def test_the_page_has_the_coverage_on_top_and_a_table_of_the_teams(with_teams):
    page = Page(with_teams.parent / "report" / "index.html")
    [(statement,)] = rows(
        with_teams,
        "select statement from drivers.target_coverage"
        " where period = '2026 Q2' and entity_type = 'all'",
    )
    assert "; coverage " in statement and ", weighted " in statement
    text = page.text
    assert text.index(statement) < text.index("Closed deals")
    assert "Targets and coverage" in text and "2026 Q1: " in text
    teams = text[text.index("Reps") :]
    assert "Teams" in teams and "Overseas" in teams


def test_without_the_files_nothing_is_said_of_targets_and_teams(sample_warehouse):
    for table in ("target_coverage", "team_performance"):
        assert rows(sample_warehouse, f"select count(*) from drivers.{table}") == [(0,)]
    text = Page(sample_warehouse.parent / "report" / "index.html").text
    assert "target" not in text.lower() and "team" not in text.lower()


def test_a_check_names_an_owner_of_the_file_who_is_in_no_row(deals, tmp_path):
    deals.head(500).to_csv(tmp_path / "deals.csv", index=False)
    (tmp_path / "owners.csv").write_text("owner,team\nrep_1,East\nNobody,East\n", "utf-8")
    run = run_main("check", "--config", tmp_path, "--deals", tmp_path / "deals.csv")
    assert run.returncode == 0, run.stderr
    assert "owners.csv line 3: no row has the owner 'Nobody'" in " ".join(run.stdout.split())
    assert "no row has the owner 'rep_1'" not in run.stdout


def test_a_check_refuses_a_period_that_is_none(config, tmp_path):
    (tmp_path / "targets.csv").write_text("period,amount\nsoon,1\n", encoding="utf-8")
    run = run_main("check", "--config", tmp_path, "--deals", config.deals())
    assert run.returncode != 0
    assert "targets.csv, line 2: found the period 'soon'; expected a quarter" in run.stderr
