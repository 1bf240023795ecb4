"""The project as `make evidence` compiles it."""

from collections.abc import Callable
from unittest import mock

import pytest

from tools.evidence import warehouse
from winrate.build import staging


@pytest.fixture(scope="session")
def compile_with(compiled_once) -> Callable[..., warehouse.Project]:
    """`Project.compiled` with some options, from what dbt has compiled for all tests."""

    def compile_with(**options) -> warehouse.Project:
        def run(dbt_run, *command):
            assert command == ("compile", "--no-populate-cache")
            assert dbt_run.values == staging.PLACEHOLDERS

        with mock.patch.object(warehouse.dbt, "run", run):
            return warehouse.Project.compiled(compiled_once, **options)

    return compile_with
