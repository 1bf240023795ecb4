"""Amounts in several currencies are converted at given rates, or refused with the lines to add."""

from decimal import ROUND_HALF_UP, Decimal

import pytest

from support.builds import built_by_dbt, built_once, rows, run_main
from support.exports import sample_deals
from winrate.config import folder

# In force from the first year of the sample on, and from the third.
RATES = {"2024-01-01": "1.0825", "2026-01-01": "1.1"}
RATES_OF_POUNDS = {"2025-07-01": "1.25"}
SETTINGS = "deals_path: deals.csv\nreporting_currency: eur\n"


def rate_lines(currency: str, rates: dict[str, str]) -> str:
    return "".join(f"{currency},{day},{rate}\n" for day, rate in rates.items())


def in_force(rates: dict[str, str], day: str) -> Decimal:
    """The last rate from this day or an earlier one on, or the first of all."""
    earlier = [each for each in rates if each <= day]
    return Decimal(rates[max(earlier) if earlier else min(rates)])


@pytest.fixture(scope="module")
def config(tmp_path_factory, compiled_project):
    """The sample with deals in dollars, pounds and euros, and rates to the euro."""
    own = tmp_path_factory.mktemp("currencies")
    deals = sample_deals()
    currencies = ["USD" if n % 2 else "GBP" if n % 5 == 0 else "EUR" for n in range(len(deals))]
    deals.assign(amount_currency=currencies).to_csv(own / "deals.csv", index=False)
    lines = rate_lines("USD", RATES) + rate_lines("gbp", RATES_OF_POUNDS)
    (own / "rates.csv").write_text(f"currency,from_date,rate\n{lines}", encoding="utf-8")
    (own / "settings.yml").write_text(SETTINGS, encoding="utf-8")
    return folder.read(own)


@pytest.fixture(scope="module")
def converted(tmp_path_factory, config):
    return built_once(tmp_path_factory, "converted", config.deals(), built_by_dbt, config=config)


def test_every_amount_is_converted_at_the_rate_of_its_close_date(converted):
    found = rows(
        converted,
        """
        select original_currency, original_amount, deal_amount, is_open, closed_date, as_of_date
        from staging.stg_deals where original_amount is not null
        """,
    )
    assert {currency for currency, *_ in found} == {"EUR", "USD", "GBP"}
    assert any(is_open for *_, is_open, _, _ in found)
    for currency, original, amount, is_open, closed, as_of in found:
        day = str(as_of if is_open or closed is None else closed)
        rate = {
            "EUR": Decimal(1),
            "USD": in_force(RATES, day),
            "GBP": in_force(RATES_OF_POUNDS, day),
        }[currency]
        product = (Decimal(str(original)) * rate).quantize(Decimal("0.01"), ROUND_HALF_UP)
        assert amount == float(product), (currency, original, day)


def test_amounts_have_the_sign_of_the_reporting_currency(converted):
    assert rows(converted, "select reporting_currency from quality.build_info") == [("EUR",)]
    (message,) = rows(
        converted, "select min(message) from alerts.alerts where condition = 'deal_stalled'"
    )[0]
    assert ", amount €" in message
    page = (converted.parent / "report" / "index.html").read_text(encoding="utf-8")
    assert '<td class="number">€' in page
    ((total,),) = rows(
        converted,
        "select sum(cast(deal_amount as decimal(18, 2))) from scores.scored_deals"
        " where status = 'open'",
    )
    assert f"€{total:,.0f}" in page


def test_deals_before_the_first_rate_are_counted(converted):
    ((n_early,),) = rows(
        converted,
        """
        select count(*) from staging.stg_deals
        where original_currency = 'GBP' and deal_amount is not null and closed_date < '2025-07-01'
        """,
    )
    ((n_deals, message),) = rows(
        converted,
        "select n_deals, message from quality.data_checks where check_name = 'rate_not_in_force'",
    )
    assert n_deals == n_early > 0
    assert (
        "in GBP are converted at the first rate of rates.csv, which is from 2025-07-01" in message
    )


def test_a_check_says_how_many_amounts_are_converted(config):
    run = run_main("check", "--config", config.folder)
    assert run.returncode == 0, run.stderr
    assert " are converted to EUR, " in run.stdout


def test_a_currency_without_a_rate_is_refused_with_the_line_to_add(config):
    rates = config.folder / "rates.csv"
    kept = rates.read_text(encoding="utf-8")
    rates.write_text(kept.partition("gbp")[0], encoding="utf-8")
    run = run_main("check", "--config", config.folder)
    rates.write_text(kept, encoding="utf-8")
    assert run.returncode != 0
    assert "amounts are in currencies that have no rate, GBP (" in run.stdout
    assert "rates.csv  currency,from_date,rate  # of CONFIG" in run.stdout
    assert "GBP,2024-" in run.stdout and "# how many EUR one GBP is worth" in run.stdout


def test_several_currencies_without_a_reporting_currency_are_refused_with_the_lines(config):
    run = run_main("check", "--deals", config.deals())
    assert run.returncode != 0
    assert "or set reporting_currency and say in rates.csv of CONFIG" in run.stdout
    assert "reporting_currency: USD  # of CONFIG" in run.stdout
    assert "# how many USD one EUR is worth" in run.stdout
