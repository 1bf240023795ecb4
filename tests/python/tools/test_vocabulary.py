"""`python -m tools.vocabulary` finds the phrases that CONTRIBUTING.md lists, and only those."""

import pytest

from tools import vocabulary

TABLE = """\
| name | meaning |
|---|---|
| `level` | a value of a feature |

| do not write | write |
|---|---|
| `a whisker`, `tell* this from that` | marginally; discriminate |
| `predecessor` | the one before |
"""


def found(text: str, tmp_path) -> list[str]:
    path = tmp_path / "text.md"
    path.write_text(text, encoding="utf-8")
    listed = vocabulary.phrases(TABLE)
    return [line.removeprefix(f"{path}:") for line in vocabulary.findings(path, listed)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A whisker below 0.", "1: 'A whisker': write marginally; discriminate"),
        (
            "one\n\ntells this\nfrom that",
            "3: 'tells this from that': write marginally; discriminate",
        ),
        ("the Predecessor", "1: 'Predecessor': write the one before"),
        (f"won 68.4{' '}%, lost", f"1: '4{' '}%': write no space before the percent sign"),
    ],
)
def test_a_listed_phrase_is_found_with_its_line(text, expected, tmp_path):
    assert found(text, tmp_path) == [expected]


@pytest.mark.parametrize(
    "text",
    ["a whiskered", "predecessors", "68.4%", "{% if n == 1 %}", '"%d of 3 %s" % names', "`level`"],
)
def test_other_text_is_not_found(text, tmp_path):
    assert found(text, tmp_path) == []


def test_the_table_and_generated_files_are_not_checked_even_if_named():
    exempt = [vocabulary.project.ROOT / name for name in vocabulary.EXEMPT]
    assert all(path.is_file() for path in exempt)
    assert [path for path in exempt if vocabulary.is_checked(path)] == []
    assert vocabulary.is_checked(vocabulary.project.ROOT / "README.md")


def test_the_table_of_the_project_has_a_replacement_for_each_phrase():
    listed = vocabulary.phrases(vocabulary.TABLE.read_text(encoding="utf-8"))
    assert len(listed) > 50
    assert all(instead.strip() for instead in listed.values())
