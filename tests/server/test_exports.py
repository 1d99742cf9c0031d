"""The runs view as a file: TRUST.md F13, and numbers that stay numbers."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import duckdb
import pytest

from peira.lab.export import formula_safe
from tests.server.conftest import ODD_NAME, PROJECT, Served

FORMULAS = ["=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", "\uff1d1+1", " =1", "\u00a0=1",
            "=cmd|' /C calc'!A0", "\n=1", "\ufeff=1"]  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_become_text(text: str) -> None:
    """F13: a text that a spreadsheet would run gets a leading apostrophe."""
    assert formula_safe(text) == "'" + text


@pytest.mark.parametrize("value", [-1.5, 3, True, None, "plain", "a=b", "1-2", ""])
def test_all_else_stays(value: object) -> None:
    """F13: numbers stay numbers, plain texts stay as they are."""
    assert formula_safe(value) is value


def test_a_csv_of_runs_holds_no_formula(served: Served) -> None:
    """F13: params and their names are guarded in the file that is served."""
    answer = served.client.get(f"/p/{PROJECT}.csv", params={"columns": "lr,`=formula`,odd.min"})
    assert answer.headers["content-type"].startswith("text/csv")
    assert f'filename="{PROJECT}.csv"' in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    row = next(row for row in rows if row["id"] == served.run)
    assert row["`=formula`"] == "'=1+1"
    assert float(row["lr"]) == 0.01 and float(row["odd.min"]) == 0.0
    assert row["name"] == ODD_NAME


def test_all_formats_hold_the_same_runs(served: Served, tmp_path: Path) -> None:
    """CSV, JSON and Parquet agree on runs, order and values."""
    asked = {"q": "sort lr", "columns": "lr"}
    rows = served.client.get(f"/p/{PROJECT}.json", params=asked).json()["rows"]
    text = served.client.get(f"/p/{PROJECT}.csv", params=asked).text
    table = list(csv.DictReader(io.StringIO(text, newline="")))
    (tmp_path / "runs.parquet").write_bytes(
        served.client.get(f"/p/{PROJECT}.parquet", params=asked).content
    )
    with duckdb.connect() as connection:
        found = connection.execute(f"select id, lr from '{tmp_path / 'runs.parquet'}'").fetchall()
    assert [row["id"] for row in rows] == [row["id"] for row in table] == [row[0] for row in found]
    assert (
        [row["lr"] for row in rows] == [float(row["lr"]) for row in table] == [r[1] for r in found]
    )


def test_exports_refuse_what_they_do_not_know(served: Served) -> None:
    """A misspelt parameter is an error, not another answer."""
    for query in ("limt=1", "limit=x", "deleted=maybe", "q=(", "columns=nothing", "q=a&q=b"):
        assert served.client.get(f"/p/{PROJECT}.csv?{query}").status_code == 400
