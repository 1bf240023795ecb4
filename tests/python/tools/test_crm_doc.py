"""docs/crm.md lists the titles that are known, of every CRM."""

import csv

import pytest

from tools.docs import crm, markdown


@pytest.mark.parametrize("block", crm.BLOCKS)
def test_the_titles_are_those_of_the_seed(block):
    assert markdown.read_block(crm.PAGE, block) == crm.titles_table(crm.BLOCKS[block]), (
        "docs/crm.md is out of date: run `make docs`"
    )


@pytest.mark.parametrize("block", crm.BLOCKS)
def test_the_titles_of_a_stage_history_are_those_of_its_seed(block):
    written = markdown.read_block(crm.PAGE, f"{block}_stages")
    assert written == crm.stage_titles_table(crm.BLOCKS[block]), (
        "docs/crm.md is out of date: run `make docs`"
    )


@pytest.mark.parametrize("seed", [crm.ALIASES, crm.STAGE_ALIASES])
def test_every_alias_is_in_a_block(seed):
    words = [word for block in crm.BLOCKS.values() for word in block]
    with seed.open(encoding="utf-8", newline="") as file:
        aliases = list(csv.DictReader(file))
    unlisted = [row["alias"] for row in aliases if row["crm"] and not _is_listed(row["crm"], words)]
    assert unlisted == []


def _is_listed(crm_name, words):
    return any(word in crm_name for word in words)
