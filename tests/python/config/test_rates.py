"""A user's rates.csv says what currencies are worth, or is refused with a sentence."""

from datetime import date
from decimal import Decimal

import pytest

from winrate.config import folder, rates
from winrate.project import SettingsError

HEADER = "currency,from_date,rate"


@pytest.fixture
def read(tmp_path):
    """The rows of a file with these lines below its header."""

    def read(*lines: str, reporting_currency: str = "USD") -> list[dict]:
        path = tmp_path / "rates.csv"
        path.write_text("\n".join([HEADER, *lines]), encoding="utf-8")
        return rates.table(path, reporting_currency).to_pylist()

    return read


def test_a_line_is_a_rate_from_a_day_on(read):
    rows = read("EUR,2026-01-01,1.0825", "# old", "eur,2025-01-01,1.1", "usd,2025-01-01,1.0")
    assert [(row["file_line"], row["currency"], row["from_date"]) for row in rows] == [
        (2, "EUR", date(2026, 1, 1)),
        (4, "EUR", date(2025, 1, 1)),
        (5, "USD", date(2025, 1, 1)),
    ]
    assert [row["rate"] for row in rows] == [Decimal("1.0825"), Decimal("1.1"), 1]
    assert rates.table("", "").num_rows == 0
    assert read(reporting_currency="") == []


@pytest.mark.parametrize(
    ("text", "rate"),
    [("0.0000392156862745", "0.0000392157"), ("1e-5", "0.00001"), ("999999999", "999999999")],
)
def test_a_rate_has_ten_decimals(read, text, rate):
    assert read(f"VND,2026-01-01,{text}")[0]["rate"] == Decimal(rate)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (",2026-01-01,1.1", "line 2: found no currency; expected one as the export has it"),
        ("EUR,01/02/2026,1.1", "line 2: found the from_date '01/02/2026'; expected a date such as"),
        ("EUR,2026-01-01,", "line 2: found the rate ''; expected a positive number such as"),
        *(
            ("EUR,2026-01-01," + rate, f"line 2: found the rate '{rate}'; expected a positive")
            for rate in ("a lot", "0", "-1.1", "nan", "inf", "1e-12", "1e400", "1000000000")
        ),
        ('EUR,2026-01-01,"1,1"', "line 2: found the rate '1,1'; expected a positive number"),
        ("USD,2026-01-01,1.1", "line 2: found the rate 1.1 of the reporting currency USD; expec"),
        ("EUR,2026-01-01", r"line 2: found 2 cells; expected 3 \(currency, from_date, rate\)"),
    ],
)
def test_a_line_that_cannot_be_used_is_refused(read, line, sentence):
    with pytest.raises(SettingsError, match=sentence):
        read(line)


def test_a_rate_that_stands_twice_is_refused(read):
    sentence = "line 4: found EUR from 2026-01-01 again; expected one .* line 2 has it"
    with pytest.raises(SettingsError, match=sentence):
        read("EUR,2026-01-01,1.1", "EUR,2026-02-01,1.1", "eur,2026-01-01,1.1")


def test_rates_need_a_reporting_currency(tmp_path):
    (tmp_path / "rates.csv").write_text(f"{HEADER}\nEUR,2026-01-01,1.1\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="reporting_currency is empty; expected the currency"):
        folder.read(tmp_path)
    (tmp_path / "settings.yml").write_text("reporting_currency: USD\n", encoding="utf-8")
    assert folder.read(tmp_path).paths()["rates_path"] == str(tmp_path / "rates.csv")


@pytest.mark.parametrize("currency", ["US Dollar", "$", "12"])
def test_a_reporting_currency_is_a_code(tmp_path, currency):
    (tmp_path / "settings.yml").write_text(f"reporting_currency: '{currency}'\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="expected a code of three letters, such as EUR"):
        folder.read(tmp_path)
