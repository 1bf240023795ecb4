"""Models and macros are SQL that two engines read alike."""

from pathlib import Path

import pytest

from tools import sql_rules

MODEL = Path("models/staging/model.sql")
MACRO = Path("macros/cleaning/macro.sql")


def test_no_model_or_macro_breaks_a_rule():
    found = [str(offence) for offence in sql_rules.offences()]
    assert found == [], "\n".join(found)


@pytest.mark.parametrize(
    "sql",
    [
        "select regexp_extract(x, 'a', 1)",
        '{%- set bare = "regexp_replace(" ~ x -%}',
        "select printf('%.1f', x)",
        "select format('{:,}', n)",
        "select string_agg(x, ', ' order by x)",
        "select quantile_cont(x, 0.5)",
        "select arg_max(x, n)",
        "select list(x)",
        "select epoch_ms(x)",
        "select try_strptime(x, '%Y')",
        "select nfc_normalize(x)",
        "select {{ dbt.datediff('a', 'b', 'day') }}",
        "select {{ dbt.dateadd('day', 1, 'a') }}",
        "select n from range(3)",
        "select cast('0x' || x as bigint)",
        "select * exclude (x)",
        "select *\n    replace (1 as x)",
        "select null::date",
        "select x // 2",
        "select list_transform(x, lambda y: y)",
        "select closed_date - deals.created_date",
        "select date_trunc('month', x)",
        "select avg(deal_amount)",
        "select avg(cast(x as decimal(18, 2)))",
        "select row_number() over (order by md5(x)) as place",
        "select row_number() over (first_of_all) as place",
        "from a left join b on {{ level_key('a.x') }} = b.level_key",
        "select n_won / n_deals",
        "select x / totals.n",
        "select x / {{ n }}",
    ],
)
def test_what_engines_read_differently_is_found(sql):
    assert list(sql_rules.offences_in(sql, MODEL))
    assert list(sql_rules.offences_in(sql, MACRO))


def test_a_backslash_is_found_in_models_alone():
    sql = "{{ matches('x', '\\\\p{Z}') }}"
    assert list(sql_rules.offences_in(sql, MODEL))
    assert not list(sql_rules.offences_in(sql, MACRO))


@pytest.mark.parametrize(
    "sql",
    [
        "-- printf(x) and a::b are DuckDB's",
        "{# regexp_replace(x)\n   over two lines #}",
        "select cast(date_trunc('month', x) as date)",
        "select cast({{ dbt.date_trunc('month', 'x') }} as date)",
        "select row_number() over (order by x) > 2 as is_third",
        "qualify row_number() over (partition by x order by y) = 1",
        "select cast(row_number() over (order by x) as bigint)",
        "select n_won / nullif(n_deals, 0), x / 2, x / greatest(n, 1)",
        "select {{ part / wanted }}",
        "select {{ add_days('closed_date', '-7') }}",
        "{% set names = names | list %}{{ 'a' | replace('a', 'b') }}",
        "select replace(x, '/', '-'), 'see https://example.com'",
        "select * from {{ ref('stg_deals') }} where is_open",
        "select max_by(x, (n, x)), percentile_disc(0.5) within group (order by x)",
    ],
)
def test_what_engines_read_alike_is_not_found(sql):
    assert not list(sql_rules.offences_in(sql, MODEL))


def test_an_offence_names_its_place_and_the_remedy():
    [offence] = sql_rules.offences_in("select\n    x,\n    y::date\nfrom z\n", MODEL)
    assert str(offence) == "models/staging/model.sql:3: '::': use cast"
