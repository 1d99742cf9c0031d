"""`peira diff` and `peira compare`: what a person reads."""

from __future__ import annotations

import csv
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from peira.cli.diffpage import page
from peira.cli.difftables import Look
from peira.cli.format import apart
from peira.cli.terminal import Terminal
from peira.cli.words import mark_words
from peira.compare.diff import compare
from peira.lab.lab import Lab
from tests.cli.conftest import QUIET, Peira
from tests.compare.recorded import Recorded

PIPE = Terminal(is_terminal=False, colour=False, width=None)
CODE = "import math\n\n\ndef fit(x):\n    return math.exp(x)\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A lab with two runs, a and b, that differ in many ways."""
    root = tmp_path / "made" / ".peira"
    root.parent.mkdir()
    a, b = Recorded(root, "a"), Recorded(root, "b")
    a.params(lr=0.1, depth=3, text="1")
    b.params(lr=0.2, depth=3, text=1)
    a.files("source", "/w", train_py=CODE, same_py="")
    b.files("source", "/w", train_py=CODE.replace("(x)\n", "(x) * 2\n"), same_py="")
    a.captured("packages", installed={"numpy": "1.0"}, imported=["numpy"])
    b.captured("packages", installed={"numpy": "2.0"}, imported=["numpy"])
    a.captured("environment", variables={"LONG": "x" * 50})
    b.captured("environment", variables={"LONG": "x" * 50 + "y"})
    a.captured("host", cpu_model="one")
    for run, value in ((a, 0.5), (b, 0.75)):
        run.log({"val/acc": 1.0 - value, "loss": value})
        run.log({"val/acc": value, "loss": value})
        run.end()
        (run.path / "console.log").write_text(f"acc {value}\n")
    return root


def read(root: Path, *, width: int | None = None, everything: bool = False) -> list[str]:
    with Lab(root) as lab:
        found = compare(lab, ["a", "b"])
        shown = found if everything else found.only_differences()
        out = Terminal(is_terminal=width is not None, colour=False, width=width)
        return page(shown, Look(out, everything=everything))


def test_the_page_answers_at_its_top(root: Path) -> None:
    """Who is compared, then in three lines: what differs, what is the same, what is not known."""
    lines = read(root)
    assert lines[1].split()[:4] == ["A", "a", lines[1].split()[2], "finished"]
    told = {line.partition("  ")[0]: line for line in lines[4:7]}
    assert "params (2), code (1 file, +1 -1 lines), packages (1)" in told["different"]
    assert told["not known"].endswith(
        "system (not recorded by B), data (not recorded), files (not recorded)"
    )


def test_each_section_is_a_table_with_a_column_a_run(root: Path) -> None:
    """Names at the left, the runs under their letters, the difference of metrics at the right."""
    text = "\n".join(read(root))
    assert "  lr    0.1  0.2" in text
    assert "  numpy  1.0  2.0" in text
    assert "  val/acc  max, last  0.5   0.75*  +0.25  +50.0%" in text
    assert "  loss     min, last  0.5*  0.75   +0.25  +50.0%" in text
    assert '  text  "1"  1' in text  # other types of the same look are told apart


def test_code_is_shown_as_a_unified_diff(root: Path) -> None:
    """The changed lines with their context, and the function that they are in."""
    lines = read(root)
    at = lines.index("  train.py  +1 -1")
    assert lines[at + 1].split("@@")[1:] == [" -2,4 +2,4 ", " def fit(x):"]
    assert lines[at + 2 : at + 7] == [
        "", "", "     def fit(x):",
        "    -    return math.exp(x)", "    +    return math.exp(x) * 2",
    ]  # fmt: skip


def test_long_values_stand_below_their_name(root: Path) -> None:
    """A value that fits no column has a line of its own for each run."""
    lines = read(root)
    at = lines.index("  LONG")
    assert lines[at + 1 : at + 3] == [f"    A  {'x' * 50}", f"    B  {'x' * 50}y"]


def test_logs_are_told_and_not_poured_out(root: Path) -> None:
    """What was printed differs nearly always: its lines come when they are asked for."""
    text = "\n".join(read(root))
    assert "console.log  +1 -1" in text and "-acc 0.5" not in text
    assert "--section logs" in text


def test_all_shows_what_is_equal(root: Path) -> None:
    """With --all equal params, equal files and what only one run recorded are there, too."""
    lines = read(root, everything=True)
    assert "  depth  3    3" in lines
    assert "  same.py  the same" in lines
    assert "  cpu_model  one  ?" in lines


@pytest.mark.parametrize("width", [40, 60, 100])
def test_no_table_is_wider_than_the_terminal(root: Path, width: int) -> None:
    """On a narrow terminal every run stays: columns become lines, none is left out."""
    lines = read(root, width=width)
    assert any("0.1" in line for line in lines) and any("0.2" in line for line in lines)
    tables = [line for line in lines if line.startswith(("  lr", "  numpy", "  val/acc"))]
    assert tables and all(len(line) <= width for line in tables)


def test_eight_runs_are_all_there_on_a_narrow_terminal(root: Path) -> None:
    """Where eight columns do not fit, each metric and value becomes lines that name every run."""
    names = [f"a-name-that-is-long-{n}" for n in range(8)]
    for n, name in enumerate(names):
        run = Recorded(root, name)
        run.params(a_param_with_a_long_name=f"value number {n}")
        run.log({"validation/accuracy": 0.123456 + n})
    with Lab(root) as lab:
        found = compare(lab, names, sections=["metrics", "params"])
    lines = page(found, Look(Terminal(is_terminal=True, colour=False, width=80)))
    at = lines.index("  validation/accuracy")
    told = " ".join(lines[at + 1 : at + 4])
    assert told.split()[:2] == ["max,", "last"]
    assert all(f" {letter} " in told for letter in "ABCDEFGH") and "H 7.123*" in told
    at = lines.index("  a_param_with_a_long_name")
    assert lines[at + 8] == "    H  value number 7"
    assert all(len(line) <= 80 for line in lines[at - 8 :])


def test_long_changes_are_cut_on_a_terminal_only(root: Path) -> None:
    """A terminal gets the first lines and the way to the rest; a pipe gets everything."""
    for name, digit in (("c", 1), ("d", 2)):
        code = "".join(f"x{n} = {digit}\n" for n in range(200))
        Recorded(root, name).files("source", "/w", long_py=code)
    with Lab(root) as lab:
        found = compare(lab, ["c", "d"], sections=["code"])
    terminal = Terminal(is_terminal=True, colour=False, width=80)
    short, whole = page(found, Look(terminal)), page(found, Look(PIPE))
    assert any("more lines" in line for line in short) and len(short) < 100
    assert sum(line.startswith("    +x") for line in whole) == 200
    assert page(found, Look(terminal, is_chosen=True))[-1] == "    +x199 = 2"


def test_many_rows_are_cut_on_a_terminal_only(root: Path) -> None:
    """Forty rows of a section, then how many more and how to see them."""
    for name, number in (("c", 1), ("d", 2)):
        Recorded(root, name).params(**{f"p{n:02}": number for n in range(60)})
    with Lab(root) as lab:
        found = compare(lab, ["c", "d"], sections=["params"])
    terminal = Terminal(is_terminal=True, colour=False, width=80)
    assert page(found, Look(terminal))[-1] == "  … 20 more: --section params"
    assert page(found, Look(PIPE))[-1].startswith("  p59")


def test_words_that_differ_stand_out(root: Path) -> None:
    """In long texts of a terminal with colours only the differing words are painted."""
    out = Terminal(is_terminal=True, colour=True, width=80)
    assert mark_words(["run --lr 0.1 now", "run --lr 0.2 now"], out) == [
        "run --lr \x1b[33m0.1\x1b[0m now", "run --lr \x1b[33m0.2\x1b[0m now",
    ]  # fmt: skip
    assert mark_words(["a b", "a c"], PIPE) == ["a b", "a c"]


def test_foreign_text_is_escaped(tmp_path: Path) -> None:
    """Names, values and code cannot act on the terminal."""
    root = tmp_path / ".peira"
    evil = "e\x1b[2J\u202e"
    a, b = Recorded(root, evil), Recorded(root, "b")
    a.params(**{evil: evil})
    a.files("source", "/w", x_py=f"'{evil}'\n")
    b.files("source", "/w", x_py="1\n")
    a.captured("environment", variables={evil: evil * 20})
    b.captured("environment", variables={evil: evil})
    (a.path / "console.log").write_text("a\n")
    (b.path / "console.log").write_text(evil)
    with Lab(root) as lab:
        found = compare(lab, [a.id, b.id])
    text = "\n".join(page(found, Look(PIPE, everything=True, is_chosen=True)))
    assert "\x1b" not in text and "\u202e" not in text
    assert "e\\x1b[2J\\u202e" in text


def test_colours_only_on_a_terminal(peira: Peira, lab: Path) -> None:
    """A pipe gets plain text; a terminal gets green and red for added and removed lines."""
    assert "\x1b" not in peira("diff", "cnn-0.1-1", "cnn-0.01-1", "-s", "logs").stdout
    here, there = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "peira", "diff", "cnn-0.1-1", "cnn-0.01-1", "-s", "logs"],
        cwd=lab, env=os.environ | QUIET, stdout=there, stdin=there,
    ) as process:  # fmt: skip
        os.close(there)
        text = b""
        while piece := _read(here):
            text += piece
        assert process.wait() == 0
    os.close(here)
    assert b"\x1b[32m+epoch 1 of cnn-0.01-1" in text


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other end was closed
        return b""


def test_diff_as_json_is_what_http_answers(peira: Peira) -> None:
    """The document holds runs and sections; with --section only these."""
    document = peira.json("diff", "cnn-0.1-1", "cnn-0.01-1", "-s", "params,metrics")
    assert [section["name"] for section in document["sections"]] == ["metrics", "params"]
    (row,) = document["sections"][1]["rows"]
    assert (row["name"], row["values"]) == ("lr", [0.1, 0.01])


def test_diff_refuses_what_it_cannot_do(peira: Peira) -> None:
    """One run, unknown runs and unknown sections are told with their exit codes."""
    assert "Two to eight runs" in peira("diff", "cnn-0.1-1", code=2).stderr
    assert "no section 'x'" in peira("diff", "cnn-0.1-1", "cnn-0.1-2", "-s", "x", code=2).stderr
    assert "There is no run" in peira("diff", "cnn-0.1-1", "nobody", code=3).stderr


def test_equal_runs_say_so(peira: Peira) -> None:
    """Where nothing differs the page says that, and of what that was recorded."""
    text = peira("diff", "cnn-0.1-1", "cnn-0.1-2", "-s", "environment").stdout
    assert "different  nothing that was recorded" in text


@pytest.mark.parametrize(
    ("numbers", "texts"),
    [
        ([0.5, 0.25], ["0.5", "0.25"]),
        ([0.97001, 0.97002], ["0.97001", "0.97002"]),
        ([1e-9, 1.00001e-9], ["1e-9", "1.00001e-9"]),
        ([0.1, 0.1 + 2**-56], ["0.1", "0.10000000000000002"]),
        ([float("nan"), None, 3], ["NaN", "-", "3"]),
    ],
)
def test_different_numbers_look_different(numbers: list[float | None], texts: list[str]) -> None:
    """Four digits, and more where two numbers would look the same."""
    assert apart(numbers) == texts


# peira compare


def test_named_runs_stand_beside_each_other(peira: Peira) -> None:
    """In the order of their names on the command line; the best of a metric has a star."""
    lines = peira("compare", "cnn-0.01-1", "cnn-0.1-1").stdout.splitlines()
    assert lines[0].split() == ["cnn-0.01-1", "cnn-0.1-1"]
    told = {line.split()[0]: line.split()[1:] for line in lines[1:]}
    assert told["lr"] == ["0.01", "0.1"]
    assert told["val/acc.max"][1].endswith("*") and not told["val/acc.max"][0].endswith("*")
    assert "seed" not in told  # it is the same


def test_many_runs_stand_below_each_other(peira: Peira) -> None:
    """What a query finds, in its order, is a line a run where it does not fit beside."""
    text = peira("compare", "lr = 0.1 sort -val/acc")
    assert text.stdout.splitlines()[0].split() == ["cnn-0.1-1", "cnn-0.1-2", "cnn-0.1-3"]
    assert "3 of 3 runs" in text.stderr
    narrow = peira("compare", "lr = 0.1 sort -val/acc", env={"COLUMNS": "60"}).stdout.splitlines()
    assert [line.split()[0] for line in narrow] == ["name", "cnn-0.1-1", "cnn-0.1-2", "cnn-0.1-3"]
    assert all(len(line) <= 60 for line in narrow)


def test_a_mixture_of_runs_and_unknown_names_is_an_error(peira: Peira) -> None:
    """A slip of the pen in one of the names is told, not taken for a query."""
    assert "nobody" in peira("compare", "cnn-0.1-1", "nobody", code=3).stderr
    assert "groups" in peira("compare", "group by lr", code=2).stderr


def test_a_table_becomes_a_file(peira: Peira, lab: Path) -> None:
    """The same columns as on the page, exact, and no cell that a spreadsheet runs."""
    peira("compare", "project = other or lr = 0.1", "-o", "t.csv")
    peira("compare", "sort lr", "-o", "t.json")
    lines = (lab / "t.csv").read_text().splitlines()
    (row,) = [row for row in csv.DictReader(lines) if row["project"] == "other"]
    assert row["cmd"] == "'=1+1" and row["loss.min"] == ""
    rows = json.loads((lab / "t.json").read_text())
    assert len(rows) == 7 and rows[0]["val/acc.max"] > 0


def test_chosen_columns_and_json(peira: Peira) -> None:
    """`--columns` are written as in a query; the document names each with its direction."""
    document = peira.json("compare", "lr = 0.1", "-c", "lr,val/acc.max,loss.last")
    assert [(c["name"], c["kind"], c["direction"]) for c in document["columns"]] == [
        ("lr", "param", None), ("val/acc.max", "metric", "max"), ("loss.last", "metric", "min"),
    ]  # fmt: skip
    assert document["matched"] == 3 and document["rows"][0]["values"]["lr"] == 0.1


def test_files_without_lines_are_told_by_digest(root: Path) -> None:
    """Runs with the same binary content are told together, and who lacks the file."""
    for name, content in (("c", "1\0"), ("d", "2\0"), ("e", "2\0"), ("f", "")):
        run = Recorded(root, name)
        run.files("output", "/w", **({"model_bin": content} if content else {"other_txt": "x\n"}))
    with Lab(root) as lab:
        found = compare(lab, ["c", "d", "e", "f"], sections=["files"])
    (line,) = [line for line in page(found, Look(PIPE)) if line.startswith("  model.bin")]
    assert line.startswith("  model.bin  only in A, B, C  A ")
    assert "  B, C " in line and line.endswith("(not a text)")
