"""The studies of `make evidence`, smaller: which claims are made where, and which are false."""

import pytest

from tools.evidence import studies

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def compiled(compile_with):
    """The models that make claims, compiled."""
    return compile_with(only=(*studies.TABLES, *studies.ALERTS))


def figures(compiled, generator, n_runs):
    """The figures of the first study of a generator, in one process."""
    known = (*studies.STUDIES, *studies.STUDIES_AT_CLOSE)
    study = next(study for study in known if study.generator == generator)
    return studies.run(studies.of_study(compiled, study), range(n_runs), n_processes=1)


@pytest.mark.parametrize(
    "generator", ["uniform_decline", "mix_decline", "segment_decline", "never_wins"]
)
def test_what_is_planted_is_named_and_nothing_else_of_its_kind(compiled, generator):
    found = figures(compiled, generator, 4)
    assert found["right"].sum() >= 3
    assert found["false alert"].sum() <= 1


@pytest.mark.parametrize(
    "generator",
    ["noise", "reps_with_effects", "stage_tells_outcome", "missing_by_outcome", "undated_losses"],
)
def test_where_nothing_is_planted_few_exports_claim_anything(compiled, generator):
    found = figures(compiled, generator, 5)
    assert found["false page"].sum() <= 2
    if generator != "stage_tells_outcome":
        assert found["false at close"].sum() <= 1
    assert found["false alert"].sum() <= 1


def test_a_claim_is_true_if_it_starts_as_a_known_one():
    known = [("driver", "region", "APAC", "hurts"), ("rep",)]
    assert studies.is_one_of(("driver", "region", "APAC", "hurts"), known)
    assert studies.is_one_of(("rep", "Ann", "above"), known)
    assert not studies.is_one_of(("driver", "region", "APAC", "helps"), known)
