"""Builds from tables of Fivetran's dbt packages: the same amounts as their own metrics."""

import duckdb
import pytest

from support.builds import built, rows
from winrate.ingest import warehouse_tables

# As salesforce__opportunity_enhanced has them; amounts are decimals there.
SALESFORCE = """
    create table salesforce__opportunity_enhanced as
    select
        '006A00000' || lpad(cast(i as text), 6, '0') as opportunity_id,
        '005A0000000000' || (i % 3) as owner_id,
        'Rep ' || (i % 3) as opportunity_owner_name,
        'Ann Lee' as opportunity_manager_name,
        'Deal ' || i as opportunity_name,
        '001A0000000' || lpad(cast(i % 90 as text), 4, '0') as account_id,
        'Account ' || (i % 90) as account_name,
        cast(1000 + (i * 7919) % 9000 as decimal(28, 6)) as amount,
        date '2025-01-01' + cast(i % 300 as int) as created_date,
        date '2025-01-01' + cast(i % 300 + i % 60 as int) as close_date,
        i % 10 < 4 as is_won,
        i % 10 < 9 as is_closed,
        false as is_deleted,
        case when i % 10 < 4 then 'Closed Won' when i % 10 < 9 then 'Closed Lost' else 'Demo' end
            as stage_name,
        case when i % 10 < 4 then 'Won' when i % 10 < 9 then 'Lost' else 'Other' end as status,
        case i % 3 when 0 then 'Web' else 'Partner' end as lead_source,
        case i % 2 when 0 then 'New Business' else 'Renewal' end as type,
        case i % 5 when 0 then 'Energy' else 'Retail' end as industry,
        'Pipeline' as forecast_category
    from range(900) as numbers (i)
"""
# The column total_win_percent of salesforce__owner_performance.
WIN_PERCENT = """
    select
        owner_id,
        100 * sum(amount) filter (where status = 'Won')
        / sum(amount) filter (where status in ('Won', 'Lost')) as total_win_percent
    from salesforce__opportunity_enhanced
    group by owner_id
    order by owner_id
"""


@pytest.fixture(scope="module")
def built_from_fivetran(tmp_path_factory, compiled_project):
    folder = tmp_path_factory.mktemp("fivetran")
    with duckdb.connect(str(folder / "crm.duckdb")) as connection:
        connection.execute(SALESFORCE)
        win_percent = connection.execute(WIN_PERCENT).fetchall()
    source = warehouse_tables.find(folder / "crm.duckdb", folder)
    return built(folder, source.deals), win_percent


def test_the_amount_weighted_win_rate_is_their_win_percent(built_from_fivetran):
    warehouse, win_percent = built_from_fivetran
    found = rows(
        warehouse,
        """
        select sales_rep_id, 100 * amount_weighted_win_rate
        from drivers.rep_performance order by sales_rep_id
        """,
    )
    assert [rep for rep, _ in found] == [owner for owner, _ in win_percent]
    assert [rate for _, rate in found] == pytest.approx([float(rate) for _, rate in win_percent])


def test_their_names_are_known(built_from_fivetran):
    warehouse, _ = built_from_fivetran
    query = """
        select count(*), count(deal_name), count(owner_name), count(manager), count(account_name),
            count(deal_type), count(forecast_category), count(case when is_open then 1 end)
        from staging.stg_deals
    """
    assert rows(warehouse, query) == [(900,) * 7 + (90,)]
    assert rows(warehouse, "select source_file from quality.build_info") == [
        ("salesforce__opportunity_enhanced.parquet",)
    ]
