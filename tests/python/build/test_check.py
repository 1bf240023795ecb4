"""What `make check` says of an export, before anything is built."""

from pathlib import Path

import pytest

from support.builds import run_main, run_winrate
from support.export_cases import CASES, WON, rows
from winrate.build import build, check
from winrate.ingest.reader import ExportError

pytestmark = pytest.mark.usefixtures("compiled_project")

BY_NAME = {case.name: case for case in CASES}


def checked(folder: Path, name: str) -> check.Check:
    """The check of one of the fixture exports."""
    case = BY_NAME[name]
    return check.check(
        build.BuildRequest(
            case.write(folder),
            Path("untouched.duckdb"),
            Path("untouched"),
            mapping=case.write_mapping(folder),
        )
    )


def checked_file(deals: Path) -> check.Check:
    """The check of an export without a mapping."""
    return check.check(build.BuildRequest(deals, Path("untouched.duckdb"), Path("untouched")))


def section(text: str, title: str) -> str:
    """The lines below a title."""
    return next(part for part in text.split("\n\n") if part.startswith(title))


def test_a_report_of_salesforce_is_explained(tmp_path):
    found = checked(tmp_path, "salesforce_report")
    assert found.is_usable
    columns = section(found.text, "columns")
    assert "'Opportunity ID': 006A, 006B, 006C" in columns
    assert "region            missing; it would add win rates and drivers by region" in columns
    assert "account_id        'Account Name'" in columns
    assert "deal_name         'Opportunity Name': Deal 1, Deal" in columns
    assert "not read          none" in columns
    values = section(found.text, "values")
    assert "month first, in 18 dates" in values
    assert "from deal_stage" in values and "Closed Won (1): Won" in values
    assert "line 12: deal_id is empty" in section(found.text, "rows")
    assert "A build would accept this file, without 2 of its 11 rows." in found.text
    assert [path.name for path in tmp_path.iterdir()] == ["deals.csv"]


def test_spellings_that_are_read_as_one_are_shown(tmp_path):
    levels = section(checked(tmp_path, "level_in_two_words").text, "levels")
    assert "read as FinTech: 'FinTech', 'Fin Tech'" in levels


def test_dates_after_today_are_implausible(tmp_path):
    found = checked(tmp_path, "dates_after_the_day_of_the_build")
    assert "as of    2024-03-20" in section(found.text, "values")
    rows = section(found.text, "rows")
    assert "line 6: created_date 2998-01-01 is before 1970, far later" in rows
    assert "line 6: created_date 2998-01-01 is before 1970, far later" in rows


def test_a_second_column_for_one_meaning_is_pointed_out(tmp_path):
    found = checked(tmp_path, "two_titles_of_one_column")
    assert found.is_usable
    columns = section(found.text, "columns")
    for title in ("Deal - Value", "Est. Revenue (USD)"):
        assert f"'{title}' could be it too and is not read; MAPPING decides" in columns
    assert "not read      Deal - Value, Est. Revenue (USD)" in columns


def test_cells_that_cannot_be_read_are_shown_though_their_rows_are_used(tmp_path):
    rows = section(checked(tmp_path, "unreadable_dates_of_an_open_deal").text, "rows")
    assert "closed_date         not read in 1 of the accepted rows" in rows
    assert "line 5: 'next spring'" in rows and "line 5: 'in May'" in rows


def test_what_a_build_would_refuse_is_said_with_its_remedy(tmp_path):
    found = checked(tmp_path, "day_or_month_first")
    assert not found.is_usable
    assert "say DATE_FORMAT=dd/mm/yyyy or DATE_FORMAT=mm/dd/yyyy" in found.text


def test_the_formats_that_would_make_it_pass_are_written_out(tmp_path):
    dates = section(checked(tmp_path, "day_or_month_first").text, "lines that would make it pass")
    assert "DATE_FORMAT=dd/mm/yyyy  # if 01/02/2024 is 2024-02-01" in dates
    assert "DATE_FORMAT=mm/dd/yyyy  # if 01/02/2024 is 2024-01-02" in dates
    text = checked(tmp_path, "thousands_or_decimals").text
    amounts = section(text, "lines that would make it pass")
    assert "DECIMAL_MARK=.  # if 1.200 is 1.2\n" in amounts + "\n"
    assert "DECIMAL_MARK=,  # if 1.200 is 1200" in amounts


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("losses_in_a_word_of_its_own", "outcome,Gone,Won"),
        ("outcome_from_stages_of_which_one_is_unknown", "outcome,Closed Lost - Price,Won"),
        ("no_column_has_the_outcome", "outcome,Qualified,Won"),
        ("wins_and_no_losses_from_stages", "outcome,Gone,Won"),
        ("more_rows_rejected_than_is_allowed", "outcome,maybe,Won"),
        ("more_rows_rejected_than_is_allowed", "settings.yml  max_rejected_share: 0.5"),
    ],
)
def test_the_lines_that_would_make_it_pass_are_written_out(tmp_path, name, line):
    found = checked(tmp_path, name)
    assert not found.is_usable
    assert line in section(found.text, "lines that would make it pass")


TINY = {
    "deal_id": ["1", "1", "", "\ufeff", "="],
    "created_date": ["2024-01-01", "", "soon", "99999999", "1/1/1"],
    "closed_date": ["2024-02-01", "", "never", "9999999999999"],
    "deal_amount": ["5", "", "-", "1e999", "."],
    "deal_stage": ["Demo", "", "Closed Won"],
    "outcome": ["Won", "", "?"],
}


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("left_out", [None, *TINY])
def test_a_tiny_file_is_checked_or_refused_in_a_sentence(tmp_path, left_out, line_end):
    columns = {name: cells for name, cells in TINY.items() if name != left_out}
    for n_rows in (0, 1, 3):
        rows_of = [[cells[n % len(cells)] for cells in columns.values()] for n in range(n_rows)]
        lines = [",".join(cells) for cells in [list(columns), *rows_of]]
        deals = tmp_path / "deals.csv"
        deals.write_text(line_end.join(lines), newline="")
        try:
            assert "A build would " in checked_file(deals).text
        except ExportError as refusal:
            assert str(refusal).startswith(str(deals))


def test_lines_of_the_mapping_that_match_nothing_are_shown(tmp_path):
    found = checked(tmp_path, "a_mapping_with_lines_that_match_nothing")
    assert found.is_usable
    assert "MAPPING       no column is called 'Opp. Ref.'" in section(found.text, "columns")
    levels = section(found.text, "levels")
    assert "no row has the outcome 'Signd'" in levels and "no row has the region 'Mars'" in levels
    assert "'europe'" not in levels


def test_features_and_words_that_count_as_empty_are_named(tmp_path):
    deals = tmp_path / "deals.csv"
    deals.write_text(
        "deal_id,outcome,region,industry\n"
        "1,Won,n/a,SaaS\n2,Lost,N/A,SaaS\n3,-,n/a,none\n4,,EMEA,Retail\n"
    )
    found = checked_file(deals)
    text = " ".join(found.text.split())
    assert "features industry, region, sales_cycle_days not read" in text
    assert "region counts as empty: 'n/a' (2), 'N/A' (1)" in text
    assert "outcome counts as empty: '-' (1)" in text
    assert "industry counts as empty" not in text


def test_missing_columns_are_named_beside_those_that_were_found(tmp_path):
    found = checked(tmp_path, "required_columns_missing")
    assert not found.is_usable
    assert "deal_id   missing" in found.text and "outcome   'outcome'" in found.text
    assert "column,Title,deal_id" in found.text


def test_titles_that_resemble_a_missing_column_are_suggested(tmp_path):
    deals = tmp_path / "deals.csv"
    deals.write_text(
        "opportunity_id,sales_agent,product,deal_stage,engage_date,close_date,close_value,notes\n"
        "1,Ann,Core,Won,2024-01-01,2024-02-01,5,warm\n"
    )
    found = checked_file(deals)
    assert found.is_usable
    columns = section(found.text, "columns")
    assert "created_date  missing; 'engage_date'?; it would add win rates by creation" in columns
    assert "sales_rep_id  missing; 'sales_agent'?" in columns
    assert "deal_amount   missing; 'close_value'?; it would add every figure in money" in columns
    assert "MAPPING       a line for it: 'column,engage_date,created_date'" in columns
    assert "'notes'" not in columns


@pytest.mark.parametrize(
    ("owners", "is_grouped"),
    [
        (["Ann", "", "", "Bob", "", "", ""], True),
        (["Ann", "Ann", "", "", "", "", ""], False),
        (["", "Ann", "", "", "Bob", "", ""], False),
        (["Ann", "Bob", "Ann", "Bob", "Ann", "", ""], False),
        (["Ann", "", "", "", "", "", ""], False),
    ],
)
def test_a_grouped_report_is_recognised(tmp_path, owners, is_grouped):
    deals = [
        WON | {"deal_id": f"d{n}", "sales_rep_id": owner, "deal_amount": ""}
        for n, owner in enumerate(owners)
    ]
    found = checked_file(rows(*deals)(tmp_path))
    hint = "filled only in the first row of each run, as in a grouped report; export it as"
    assert (hint in section(found.text, "columns")) == is_grouped


def test_a_sentence_of_the_reader_is_said_however_deep_in_the_file(tmp_path):
    with pytest.raises(
        ExportError, match=r"^[^:]*: found the titles .* again in line 5, .* order\.$"
    ):
        checked(tmp_path, "two_files_of_which_the_second_has_another_order_of_columns")


def test_a_file_that_cannot_be_read_is_refused_in_its_sentence(tmp_path):
    with pytest.raises(ExportError, match="an empty file"):
        checked(tmp_path, "empty_file")


def test_the_command_prints_the_check_and_its_exit_code(tmp_path):
    deals = BY_NAME["salesforce_report"].write(tmp_path)
    run = run_winrate("check", "--deals", deals)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == checked(tmp_path, "salesforce_report").text + "\n"
    deals = BY_NAME["day_or_month_first"].write(tmp_path)
    assert run_main("check", "--deals", deals).returncode == 1


def test_an_unknown_format_is_refused_before_anything_is_read():
    run = run_main("check", "--date-format", "yyyy/dd/mm")
    assert run.returncode == 1
    assert "DATE_FORMAT is 'yyyy/dd/mm'; expected dd/mm/yyyy or mm/dd/yyyy" in run.stderr
