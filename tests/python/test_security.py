"""What data, file names and secrets must not be able to do."""

from pathlib import Path

import duckdb
import pytest
import yaml
from dbt.adapters.duckdb import environments
from dbt.adapters.duckdb.credentials import DuckDBCredentials

from winrate import database, project

# ---- a database that reads and writes nothing but itself


@pytest.fixture
def warehouse(tmp_path) -> Path:
    """A database of one table."""
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table deals as select 'd1' as deal_id")
    return path


@pytest.fixture
def connection_of_a_build(warehouse) -> duckdb.DuckDBPyConnection:
    """A connection as dbt opens one for a model, by profiles.yml."""
    profiles = yaml.safe_load((project.ROOT / "profiles.yml").read_text(encoding="utf-8"))
    profile = profiles["winrate"]["outputs"]["duckdb"]
    options = {"schema": profile["schema"], "config_options": profile["config_options"]}
    environment = environments.create(DuckDBCredentials(path=str(warehouse), **options))
    yield environment.handle().cursor()
    environment.close()


@pytest.fixture
def connection_of_a_reader(warehouse) -> duckdb.DuckDBPyConnection:
    """A connection as the summary and the report open one."""
    with database.open_readonly(warehouse) as connection:
        yield connection


@pytest.mark.parametrize("opened_by", ["connection_of_a_build", "connection_of_a_reader"])
def test_a_connection_has_no_way_out_of_its_database(opened_by, request, tmp_path):
    connection = request.getfixturevalue(opened_by)
    other = tmp_path / "other.duckdb"
    duckdb.connect(str(other)).close()
    (tmp_path / "secret.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    before = sorted(tmp_path.rglob("*"))
    ways_out = [
        f"from read_csv('{tmp_path}/secret.csv')",
        f"from '{tmp_path}/secret.csv'",
        f"from read_text('{tmp_path}/secret.csv')",
        f"from glob('{tmp_path}/*')",
        "from read_blob('/proc/self/environ')",
        "from 'https://127.0.0.1:9/deals.parquet'",
        f"copy deals to '{tmp_path}/stolen.csv'",
        f"export database '{tmp_path}/stolen'",
        f"attach '{other}' as other",
        "attach 'host=127.0.0.1' as server (type postgres)",
        "install httpfs",
        "load httpfs",
        "create persistent secret key (type s3)",
        "set enable_external_access = true",
        f"set temp_directory = '{tmp_path}'",
        "reset lock_configuration",
    ]
    for statement in ways_out:
        with pytest.raises(duckdb.Error) as refused:
            connection.execute(statement).fetchall()
        assert not isinstance(refused.value, duckdb.ParserException)
    assert connection.execute("from deals").fetchall() == [("d1",)]
    assert sorted(tmp_path.rglob("*")) == before
