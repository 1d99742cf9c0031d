"""The reference page and the how-to say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from peira.lab.query import parse as parsing
from peira.lab.query.catalog import ALIASES, RUN_FIELDS
from peira.lab.query.names import AGGREGATES
from peira.lab.query.parse import parse

DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = (DOCS / "reference" / "query-language.md").read_text(encoding="utf-8")


def test_every_field_and_summary_is_in_the_reference() -> None:
    """A run field, alias or summary that the code knows stands on the page."""
    for name in (*RUN_FIELDS, *(alias for alias in ALIASES if alias == "status")):
        assert re.search(rf"\b{name}\b", REFERENCE), name
    for aggregate in AGGREGATES:
        assert re.search(rf"\.{aggregate}\b", REFERENCE), aggregate


def test_limits_are_those_of_the_code() -> None:
    """The numbers of the section on limits are the constants."""
    for limit in (
        parsing.LENGTH_MAX,
        parsing.NESTING_MAX,
        parsing.CONDITIONS_MAX,
        parsing.VALUES_MAX,
        parsing.SORT_KEYS_MAX,
    ):
        assert f"{limit:,}" in REFERENCE


def test_every_example_of_the_how_to_is_a_query() -> None:
    """Each line of its code blocks reads."""
    page = (DOCS / "how-to" / "find-runs.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```\n(.*?)```", page, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line]

    assert len(lines) >= 8
    for line in lines:
        parse(line)


def test_every_condition_of_the_reference_is_a_query() -> None:
    """The first column of the table of conditions reads, code by code."""
    section = REFERENCE.split("## Conditions")[1].split("\n\nConditions are")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    codes = [code for row in rows for code in re.findall(r"`([^`]+)`", row) if len(code) > 2]

    assert len(codes) >= 15
    for code in codes:
        parse(code)
