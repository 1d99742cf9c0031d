"""Runs side by side over HTTP: what the Compare screen reads."""

from __future__ import annotations

import csv
import io

import pytest

from tests.server.conftest import PROJECT, Served

COMPARE = f"/api/projects/{PROJECT}/compare"


def test_only_differences_are_sent_and_the_rest_is_counted(served: Served) -> None:
    """Rows are those that differ; the counts tell of all, and `all=true` sends them."""
    asked = {"r": f"{served.runs[0]},{served.runs[1]}"}
    short = served.client.get(COMPARE, params=asked).json()
    long = served.client.get(COMPARE, params=asked | {"all": "true"}).json()
    assert [run["id"] for run in short["runs"]] == served.runs[:2]
    for few, many in zip(short["sections"], long["sections"], strict=True):
        counts = sum(few[name] for name in ("differing", "equal", "incidental", "unknown"))
        assert counts == len(many["rows"])
        if sum(few["recorded"]) >= 2:
            assert len(few["rows"]) == few["differing"] + few["unknown"]
        else:
            assert few["rows"] == [] and few["differing"] == few["equal"] == 0


def test_values_that_are_not_numbers_travel_as_text(served: Served) -> None:
    """NaN of a metric and of a param is the text "NaN"."""
    asked = {"r": f"{served.run},{served.runs[0]}", "section": "metrics,params"}
    metrics, params = served.client.get(COMPARE, params=asked).json()["sections"]
    assert next(row for row in params["rows"] if row["name"] == "nan")["values"] == ["NaN", None]
    odd = next(row for row in metrics["rows"] if row["name"] == "odd")
    assert odd["last"]["values"] == [49.0, None] and odd["nonfinite"] == [1, 0]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"r": "{0}"}, "usage"),
        ({"r": "{0},{0}"}, "usage"),
        ({"r": ",,,"}, "usage"),
        ({"r": ""}, "request"),
        ({"r": "x" * 3000}, "request"),
        ({}, "request"),
        ({"r": "{0},nobody"}, "not-found"),
        ({"r": "{0},\x00"}, "request"),
        ({"r": ",".join(["{0}"] * 9)}, "usage"),
        ({"r": "{0},{1}", "section": "secrets"}, "usage"),
        ({"r": "{0},{1}", "all": "perhaps"}, "request"),
        ({"r": "{0},{1}", "everything": "1"}, "request"),
    ],
)
def test_wrong_questions_are_refused(served: Served, asked: dict[str, str], code: str) -> None:
    """Each mistake is a problem with its code, never an answer to another question."""
    asked = {name: text.format(*served.runs) for name, text in asked.items()}
    answer = served.client.get(COMPARE, params=asked)
    assert answer.json()["code"] == code, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_one_file_can_be_asked_for(served: Served) -> None:
    """A file comes alone with all its lines; a file that no run has is not found."""
    with_console = {"r": f"{served.run},{served.runs[0]}", "section": "logs"}
    sections = served.client.get(COMPARE, params=with_console | {"all": "true"}).json()["sections"]
    assert sections[0]["recorded"] == [True, False]
    answer = served.client.get(f"{COMPARE}/file", params=with_console | {"path": "console.log"})
    assert answer.json()["file"] == sections[0]["rows"][0]
    missing = served.client.get(f"{COMPARE}/file", params=with_console | {"path": "../run.json"})
    assert missing.json()["code"] == "not-found"


def test_the_screen_is_a_file_too(served: Served) -> None:
    """The same comparison as CSV, JSON and Parquet; in CSV no cell is a formula."""
    asked = {"r": f"{served.run},{served.runs[0]}", "all": "true"}
    document = served.client.get(f"/p/{PROJECT}/compare.json", params=asked).json()
    answer = served.client.get(COMPARE, params=asked).json()
    assert document["sections"] == answer["sections"]
    text = served.client.get(f"/p/{PROJECT}/compare.csv", params=asked)
    assert text.headers["content-type"].startswith("text/csv")
    assert "attachment" in text.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(text.text, newline="")))
    assert rows[0][:4] == ["section", "name", "what", "differs"] and len(rows[0]) == 6
    formula = next(row for row in rows if row[1] == "'=formula")
    assert formula == ["params", "'=formula", "value", "true", "'=1+1", ""]
    content = served.client.get(f"/p/{PROJECT}/compare.parquet", params=asked).content
    assert content[:4] == b"PAR1"


@pytest.mark.parametrize(
    "asked", [{}, {"r": ""}, {"r": "{0},{1}", "all": "1"}, {"r": "{0},{1}", "x": "1"}]
)
def test_files_refuse_what_they_do_not_know(served: Served, asked: dict[str, str]) -> None:
    """Missing, unknown and malformed parameters are named."""
    asked = {name: text.format(*served.runs) for name, text in asked.items()}
    answer = served.client.get(f"/p/{PROJECT}/compare.csv", params=asked)
    assert (answer.status_code, answer.json()["code"]) == (400, "request")
    assert answer.json()["fields"]
