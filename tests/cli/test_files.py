"""Commands that make files or keep the lab: init, export, gc, completion."""

from __future__ import annotations

import csv
import json
import math
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from peira.lab.export import formula_safe
from tests.cli.conftest import Peira, Started


def test_init_makes_a_private_lab(peira: Peira, tmp_path: Path) -> None:
    """A lab is readable by its owner only, ignored by git, and made once."""
    folder = tmp_path / "fresh"
    folder.mkdir()
    assert "Made a lab" in peira("init", str(folder)).stdout
    root = folder / ".peira"
    assert root.stat().st_mode & 0o777 == 0o700
    assert (root / ".gitignore").read_text().strip() == "*"
    assert "already" in peira("init", str(folder)).stdout
    assert "no runs in this lab yet" in peira("ls", "--lab", str(folder)).stderr


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def test_csv_is_exact_and_harmless(peira: Peira) -> None:
    """Numbers keep every digit, NaN is a word, and a text that is a formula gets an apostrophe."""
    rows = rows_of(peira("export", "sort created").stdout)
    assert len(rows) == 7
    exact = peira.json("show", "cnn-0.1-1")["metrics"]["val/acc"]["last"]
    assert float(rows[0]["val/acc"]) == exact
    assert rows[-1]["cmd"] == "'=1+1" and rows[-1]["loss"] == "NaN" and rows[-1]["lr"] == ""
    assert rows[0]["tags"] == "baseline"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\uff1d", " =", "\x00="])
def test_formulas_are_quoted(start: str) -> None:
    """Every start that some spreadsheet runs is quoted; numbers and harmless texts are not."""
    assert formula_safe(f"{start}1+1") == f"'{start}1+1"
    assert formula_safe(-1.5) == -1.5
    assert formula_safe("a=1") == "a=1"


def test_parquet_keeps_types_and_nan(peira: Peira, lab: Path) -> None:
    """A Parquet file has numbers as numbers, NaN as NaN, and null only for what is missing."""
    peira("export", "sort created", "-o", "runs.parquet")
    with duckdb.connect() as database:
        found = database.sql("SELECT name, lr, seed, loss FROM 'runs.parquet'").fetchall()
        types = dict(
            database.sql("DESCRIBE SELECT * FROM 'runs.parquet'").project("#1, #2").fetchall()
        )
    assert found[0][:3] == ("cnn-0.1-1", 0.1, 1)
    assert math.isnan(found[-1][3]) and found[-1][1] is None
    assert (types["lr"], types["seed"], types["name"]) == ("DOUBLE", "BIGINT", "VARCHAR")


def test_json_export_is_a_list(peira: Peira, lab: Path) -> None:
    """The file's ending chooses the format; columns are those asked for."""
    result = peira("export", "lr = 0.1", "-c", "val/acc.max", "-o", "runs.json")
    assert "wrote 3 runs" in result.stderr
    rows = json.loads((lab / "runs.json").read_text())
    assert len(rows) == 3 and rows[0]["val/acc.max"] > 0.9 and "lr" not in rows[0]


@pytest.mark.parametrize("sealed", [False, True])
def test_points_are_all_points_exact(peira: Peira, lab: Path, sealed: bool) -> None:
    """Each format holds every point of the runs, bit for bit, sealed or not."""
    if sealed:
        peira("gc")
    rows = rows_of(peira("export", "cnn-0.1-1", "--points", "--keys", "val/acc,train/loss").stdout)
    values = [float(row["value"]) for row in rows if row["key"] == "train/loss"]
    expected = [math.exp(-step * 0.1) + 1 / 100 for step in range(20)]
    assert values == expected
    peira("export", "cnn-0.1-1", "--points", "-o", "points.parquet")
    with duckdb.connect() as database:
        query = "SELECT value FROM 'points.parquet' WHERE key = 'train/loss' ORDER BY step"
        assert [value for (value,) in database.sql(query).fetchall()] == expected
    peira("export", "cnn-0.1-1", "--points", "-o", "points.json")
    series = {s["key"]: s for s in json.loads((lab / "points.json").read_text())}
    assert series["train/loss"]["values"] == expected
    assert series["train/loss"]["steps"] == list(range(20))


def test_points_of_no_runs_are_valid_files(peira: Peira, lab: Path) -> None:
    """Nothing found is an empty table of the right shape, not an error."""
    head = b"run,key,step,time,value,writer\r\n"
    assert peira("export", "seed > 99", "--points").stdout_bytes == head
    assert json.loads(peira("export", "seed > 99", "--points", "-f", "json").stdout) == []
    peira("export", "seed > 99", "--points", "-o", "none.parquet")
    peira("export", "seed > 99", "-o", "none2.parquet")
    with duckdb.connect() as database:
        assert database.sql("SELECT count(*) FROM 'none.parquet'").fetchall() == [(0,)]


def test_a_file_that_cannot_be_written_is_an_error(peira: Peira, lab: Path) -> None:
    """No folder, or a folder in the place of the file: told, and nothing is left."""
    assert "Cannot write" in peira("export", "-o", "no/such/folder.csv", code=1).stderr
    peira("export", "-o", ".", code=2)
    peira("export", "--points", "--columns", "a", code=2)
    peira("export", "--keys", "a", code=2)


def test_gc_seals_and_tells(peira: Peira, lab: Path) -> None:
    """Ended runs become Parquet; a dry run changes nothing; removed runs go only when asked."""
    before = sorted(p.name for p in (lab / ".peira" / "runs").rglob("points*"))
    would = peira.json("gc", "--dry-run")
    assert would["dry_run"] is True and len(would["sealed"]) == 7
    assert "would seal 7 runs" in peira("gc", "--dry-run").stdout
    assert sorted(p.name for p in (lab / ".peira" / "runs").rglob("points*")) == before
    assert len(peira.json("gc")["sealed"]) == 7
    assert len(list((lab / ".peira" / "runs").rglob("metrics.parquet"))) == 7
    peira("rm", "cnn-0.1-1")
    peira("gc")
    assert len(list((lab / ".peira" / "runs").iterdir())) == 7
    peira("gc", "--removed", text="n\n", code=130)
    peira("gc", "--removed", "--yes")
    assert peira.json("ls", "--removed")["matched"] == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(peira: Peira, shell: str) -> None:
    """Each shell gets a script that calls this command line."""
    assert "_PEIRA_COMPLETE" in peira("completion", shell).stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("peira s", {"show", "sql", "sweep"}),
        ("peira show cnn-0.1-", {"cnn-0.1-1", "cnn-0.1-2", "cnn-0.1-3"}),
        ("peira ls -p d", {"digits"}),
        ("peira tag cnn-0.1-1 +b", {"+baseline"}),
        ("peira ls --col", {"--columns"}),
    ],
)
def test_shells_complete_names_of_the_lab(process: Started, words: str, expected: set[str]) -> None:
    """Commands, options, runs, projects and tags complete; odd names never reach the shell."""
    count = len(words.split()) - 1
    env = {"_PEIRA_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(count)}
    code = "from peira.cli import main; main()"
    import os

    from tests.cli.conftest import QUIET

    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | QUIET | env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert {line.split(",", 1)[1] for line in done.stdout.splitlines()} == expected
