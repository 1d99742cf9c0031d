"""Names of runs."""

from __future__ import annotations

import re

from peira.core.names import new_name


def test_names_are_readable_and_differ() -> None:
    """Two words and a number, in lower case."""
    names = {new_name() for _ in range(200)}
    assert len(names) > 190
    assert all(re.fullmatch(r"[a-z]+-[a-z]+-\d{1,2}", name) for name in names)
