"""Amounts in several currencies are converted at given rates, or refused with the lines to add."""

import shutil
from decimal import ROUND_HALF_UP, Decimal

from support.builds import rows, run_main

# As in RATES: in force from the first year of the sample on, and from the third.
OF_DOLLARS = {"2024-01-01": "1.0825", "2026-01-01": "1.1"}
OF_POUNDS = {"2025-07-01": "1.25"}


def in_force(rates: dict[str, str], day: str) -> Decimal:
    """The last rate from this day or an earlier one on, or the first of all."""
    earlier = [each for each in rates if each <= day]
    return Decimal(rates[max(earlier) if earlier else min(rates)])


def test_every_amount_is_converted_at_the_rate_of_its_close_date(own_warehouse):
    found = rows(
        own_warehouse,
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
            "USD": in_force(OF_DOLLARS, day),
            "GBP": in_force(OF_POUNDS, day),
        }[currency]
        product = (Decimal(str(original)) * rate).quantize(Decimal("0.01"), ROUND_HALF_UP)
        assert amount == float(product), (currency, original, day)


def test_amounts_have_the_sign_of_the_reporting_currency(own_warehouse):
    assert rows(own_warehouse, "select reporting_currency from quality.build_info") == [("EUR",)]
    (message,) = rows(
        own_warehouse, "select min(message) from alerts.alerts where condition = 'deal_stalled'"
    )[0]
    assert ", amount €" in message
    page = (own_warehouse.parent / "report" / "index.html").read_text(encoding="utf-8")
    assert '<td class="number">€' in page
    ((total,),) = rows(
        own_warehouse,
        "select sum(cast(deal_amount as decimal(18, 2))) from scores.scored_deals"
        " where status = 'open'",
    )
    assert f"€{total:,.0f}" in page


def test_deals_before_the_first_rate_are_counted(own_warehouse):
    ((n_early,),) = rows(
        own_warehouse,
        """
        select count(*) from staging.stg_deals
        where original_currency = 'GBP' and deal_amount is not null and closed_date < '2025-07-01'
        """,
    )
    ((n_deals, message),) = rows(
        own_warehouse,
        "select n_deals, message from quality.data_checks where check_name = 'rate_not_in_force'",
    )
    assert n_deals == n_early > 0
    assert (
        "in GBP are converted at the first rate of rates.csv, which is from 2025-07-01" in message
    )


def test_a_check_says_how_many_amounts_are_converted(own_config):
    run = run_main("check", "--config", own_config.folder)
    assert run.returncode == 0, run.stderr
    assert " are converted to EUR, " in run.stdout


def test_a_currency_without_a_rate_is_refused_with_the_line_to_add(tmp_path, own_config):
    own = shutil.copytree(own_config.folder, tmp_path / "own")
    rates = own / "rates.csv"
    rates.write_text(rates.read_text(encoding="utf-8").partition("gbp")[0], encoding="utf-8")
    run = run_main("check", "--config", own)
    assert run.returncode != 0
    assert "amounts are in currencies that have no rate, GBP (" in run.stdout
    assert "rates.csv  currency,from_date,rate  # of CONFIG" in run.stdout
    assert "GBP,2024-" in run.stdout and "# how many EUR one GBP is worth" in run.stdout


def test_several_currencies_without_a_reporting_currency_are_refused_with_the_lines(own_config):
    run = run_main("check", "--deals", own_config.deals())
    assert run.returncode != 0
    assert "or set reporting_currency and say in rates.csv of CONFIG" in run.stdout
    assert "reporting_currency: USD  # of CONFIG" in run.stdout
    assert "# how many USD one EUR is worth" in run.stdout
