"""SQL that sqlfluff does not lint keeps to the same line length.

sqlfluff lints models and singular tests as dbt compiles them, and skips files that hold macros.
"""

import configparser

from winrate import project


def test_no_line_of_a_macro_is_longer_than_sqlfluff_allows_in_a_model():
    settings = configparser.ConfigParser()
    settings.read(project.ROOT / ".sqlfluff")
    longest = settings.getint("sqlfluff", "max_line_length")
    paths = [
        path
        for folder in ("macros", "tests/generic")
        for path in (project.ROOT / folder).rglob("*.sql")
    ]
    too_long = [
        f"{path.relative_to(project.ROOT)}:{number}"
        for path in paths
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if len(line) > longest
    ]
    assert paths and too_long == []
