"""Commands about one run: show, tail, tag, note, rename, rm, undelete."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from peira.record.events import Cell, Output
from peira.run import init as peira_init
from tests.cli.conftest import QUIET, Peira


def test_show_tells_everything(peira: Peira) -> None:
    """Facts, params and metrics of a run are on one page."""
    text = peira("show", "cnn-0.1-1").stdout
    for word in ("digits", "finished", "baseline", "optimizer/name", "val/acc", "host"):
        assert word in text
    assert "system/" not in text


def test_show_asks_why_and_tells_the_surroundings_in_short(peira: Peira, lab: Path) -> None:
    """A run without a reason is asked for one; processor, Python, packages and code are told."""
    program = "import peira, sklearn; peira.init('p', name='bare').finish(outcome='it works')"
    (lab / "work.py").write_text(program)
    subprocess.run([sys.executable, "work.py"], cwd=lab, env=os.environ | QUIET, check=True)
    text = peira("show", "bare").stdout
    assert "not said: peira note bare --why" in text
    for line in (
        r"processor  .*cores usable",
        rf"version  {sys.version.split()[0]} \(cpython\)",
        r"peira  .*\(editable, file://",
        r"script  .*work\.py",
    ):
        assert re.search(line.replace("  ", " +"), text), line
    told = peira.json("show", "bare")["captured"]["packages"]
    assert "scikit-learn" in told["imported"] and told["modules"]["sklearn"] == "scikit-learn"
    shown = text[text.index("\npackages\n") :].splitlines()[2:5]
    assert [line.split()[0] for line in shown[:2]] == ["peira", "scikit-learn"], shown
    assert shown[2] == f"  … {len(told['imported']) - 2} more: --all"
    assert re.search(r"\n  numpy +\d", peira("show", "bare", "--all").stdout)
    assert text.rstrip().endswith("it works")
    peira("note", "bare", "--why", "to see it")
    assert "not said" not in peira("show", "bare").stdout
    assert "to see it" in peira("show", "bare").stdout


def test_cells_are_shown_and_become_a_notebook(peira: Peira, lab: Path) -> None:
    """The cells of a run are printed, escaped, and written as an `.ipynb`; of one run only."""
    with peira_init("nb", name="cells", lab=lab) as run:
        done = Output("stdout", "\x1b[2Jhello\n")
        for cell in (
            Cell(time=1.0, index=0, count=1, source="import peira", is_earlier=True),
            Cell(time=2.0, index=1, count=2, source="print(x)"),
            Cell(time=3.0, index=1, count=2, source="print(x)", outputs=[done], duration_s=2.0),
        ):
            run._record(cell)
    text = peira("show", "cells", "--cells").stdout
    assert "In [1]  before the run began\n  import peira\n" in text
    assert "In [2]  2.00 s\n  print(x)\n  stdout:\n    \\x1b[2Jhello\n" in text
    assert "1 executed, 1 before the run began" in peira("show", "cells").stdout
    peira("export", "name = cells", "--cells", "-o", "work.ipynb")
    document = json.loads((lab / "work.ipynb").read_text())
    assert [cell["source"] for cell in document["cells"]] == ["import peira", "print(x)"]
    assert "were found" in peira("export", "--cells", code=2).stderr


def test_show_tells_how_a_run_failed(peira: Peira) -> None:
    """The exception, the alert and what is not finite stand out, all escaped."""
    run = peira.json("ls", "state = failed")["rows"][0]["id"]
    text = peira("show", run).stdout
    assert "ValueError: boom\\x1b[31m" in text
    assert "loss is NaN: look at it" in text
    assert "not finite" in text
    assert "\x1b" not in text


def test_show_gives_params_with_all_digits(peira: Peira, lab: Path) -> None:
    """What was put in is told exactly, and a lost value with the reason."""
    with peira_init("sweep", name="exact", params={"lr": 0.99995, "wd": 1 / 3}, lab=lab) as run:
        run.log({"acc": 0.99995, "name": "text"})
    text = peira("show", "exact").stdout
    assert "0.99995" in text and "0.3333333333333333" in text and "1.000" in text
    assert "1 value not recorded: " in text


def test_show_tells_of_a_process_that_is_gone(peira: Peira, lab: Path) -> None:
    """A run that was killed before it could write its end says what that means."""
    script = "import os, peira; peira.init('p', name='gone').log({'x': 1}); os._exit(9)"
    subprocess.run([sys.executable, "-c", script], cwd=lab, env=os.environ | QUIET, check=False)
    assert "gone without a word" in peira("show", "gone").stdout


def test_show_json_has_what_the_http_api_has(peira: Peira) -> None:
    """The document holds params, summaries, captured facts, alerts and the end, exact."""
    run = peira.json("ls", "state = failed")["rows"][0]["id"]
    found = peira.json("show", run)
    assert found["params"] == {"cmd": "=1+1"}
    assert found["metrics"]["loss"]["last"] == "NaN"
    assert found["metrics"]["loss"]["nonfinite"] == 1
    assert found["alerts_list"][0]["title"] == "loss is NaN"
    assert found["end"]["status"] == "failed"
    assert {"captured", "artifacts", "media", "problems", "directory"} <= set(found)


def test_a_run_is_named_in_three_ways(peira: Peira) -> None:
    """Name, id, and the end of an id mean the same run."""
    run = peira.json("show", "cnn-0.1-2")["id"]
    assert peira.json("show", run)["id"] == run
    assert peira.json("show", run[-6:])["id"] == run


def test_unknown_and_ambiguous_names_help(peira: Peira) -> None:
    """An unknown name suggests near ones; one that fits several lists their ids. Both exit 3."""
    assert "cnn-0.1-1" in peira("show", "cnn-0.1-l", code=3).stderr
    peira("rename", "cnn-0.1-1", "twin")
    peira("rename", "cnn-0.1-2", "twin")
    assert "2 runs fit" in peira("show", "twin", code=3).stderr


@pytest.mark.parametrize("ref", ["../../etc/passwd", "", ".", "a/b", "%2e%2e", "\x00", "x" * 9999])
def test_odd_references_are_not_found(peira: Peira, ref: str) -> None:
    """No reference becomes a path; each is told as not found."""
    assert "error:" in peira("show", "--", ref, code=3).stderr


def test_tail_prints_the_console_harmless(peira: Peira) -> None:
    """Colours and titles of a program do not reach a pipe; its text does."""
    assert peira("tail", "cnn-0.1-1").stdout == "epoch 1 of cnn-0.1-1\nred done\n"
    assert peira("tail", "-n", "1", "cnn-0.1-1").stdout == "red done\n"
    assert peira("tail", "-n", "0", "cnn-0.1-1").stdout == "epoch 1 of cnn-0.1-1\nred done\n"


def test_tail_raw_prints_the_bytes(peira: Peira, lab: Path) -> None:
    """Without --raw no sequence of the console acts; --raw is for those who trust the program."""
    run = peira.json("show", "cnn-0.1-1")["id"]
    (lab / ".peira" / "runs" / run / "console.log").write_bytes(b"a\x1b]0;title\x07b\x9b\n")
    assert peira("tail", run).stdout == "ab\ufffd\n"
    assert "\x1b]0;title\x07" in peira("tail", "--raw", run).stdout


def test_tail_follow_ends_with_the_run(peira: Peira) -> None:
    """Following a run that is over prints the rest and ends."""
    assert peira("tail", "-f", "cnn-0.1-1").stdout.endswith("red done\n")


def test_tail_finds_the_last_lines_of_a_long_console(peira: Peira, lab: Path) -> None:
    """The end of a large file is read, not the whole of it."""
    run = peira.json("show", "cnn-0.1-1")["id"]
    console = lab / ".peira" / "runs" / run / "console.log"
    console.write_text("".join(f"line {i} {'é' * (i % 300)}\n" for i in range(20_000)))
    lines = peira("tail", "-n", "150", run).stdout.splitlines()
    assert len(lines) == 150
    assert [line.split()[1] for line in lines] == [str(i) for i in range(19_850, 20_000)]


def test_tags_are_given_and_taken(peira: Peira) -> None:
    """+ gives, - takes, nothing lists; a tag that looks like an option is still a tag."""
    assert peira("tag", "cnn-0.1-1", "+good", "-baseline", "new").stdout.split() == ["good", "new"]
    assert peira("tag", "cnn-0.1-1", "-new", "+hard").stdout.split() == ["good", "hard"]
    assert peira("tag", "cnn-0.1-1", "-hard").stdout.split() == ["good"]
    assert peira("tag", "cnn-0.1-1").stdout.split() == ["good"]
    assert len(peira("ls", '"good" in tags').stdout.splitlines()) == 2
    peira("tag", "cnn-0.1-1", "+", code=2)
    assert "Give (+TAG)" in peira("tag", "--help").stdout


def test_notes_are_written_read_added_and_cleared(peira: Peira) -> None:
    """A note is Markdown of several lines; escapes in it do not act."""
    peira("note", "cnn-0.1-1", "too **high**\x1b[2J")
    peira("note", "cnn-0.1-1", "--add", "second seed agrees")
    assert peira("note", "cnn-0.1-1").stdout == "too **high**\\x1b[2J\n\nsecond seed agrees\n"
    peira("note", "cnn-0.1-1", "-", text="from a pipe\n")
    assert peira.json("show", "cnn-0.1-1")["note"] == "from a pipe"
    peira("note", "cnn-0.1-1", "--clear")
    assert peira("note", "cnn-0.1-1").stdout == ""


def test_the_reason_of_a_run_can_be_said_afterwards(peira: Peira) -> None:
    """`--why` says why the run was made and leaves its note alone."""
    peira("note", "cnn-0.1-1", "--why", "Figure 6, once more")
    assert peira.json("show", "cnn-0.1-1")["why"] == "Figure 6, once more"
    peira("note", "cnn-0.1-1", "text", "--clear", code=2)


def test_note_edit_opens_the_editor(peira: Peira, tmp_path: Path) -> None:
    """What the editor saves is the note; when it saves nothing, the note stays."""
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf "edited" > "$1"\n')
    editor.chmod(0o700)
    peira.env = {**peira.env, "VISUAL": str(editor)}
    peira("note", "cnn-0.1-1", "--edit")
    assert peira("note", "cnn-0.1-1").stdout == "edited\n"
    peira.env = {**peira.env, "VISUAL": "true"}
    assert "stays" in peira("note", "cnn-0.1-1", "--edit").stderr


def test_rename_keeps_the_id(peira: Peira) -> None:
    """The new name finds the run, and its id is the same."""
    run = peira.json("show", "cnn-0.1-1")["id"]
    assert "cnn-0.1-1 -> wide" in peira("rename", "cnn-0.1-1", "wide").stdout
    assert peira.json("show", "wide")["id"] == run


def test_rm_and_undelete(peira: Peira) -> None:
    """Removed runs come back; a mistake in one name removes none."""
    run = peira.json("show", "cnn-0.1-1")["id"]
    peira("rm", "cnn-0.1-2", "nobody", code=3)
    assert peira.json("ls")["matched"] == 7
    peira("rm", "cnn-0.1-1", "cnn-0.1-2")
    assert peira.json("ls")["matched"] == 5
    peira("undelete", run)
    assert peira.json("ls")["matched"] == 6
    peira("undelete", "cnn-0.1-2")
    assert peira.json("ls")["matched"] == 7
    assert "is not removed" in peira("undelete", "cnn-0.1-2", code=3).stderr
    peira("rm", code=2)


def test_rm_by_query_asks_first(peira: Peira) -> None:
    """A query may find many, so it asks; no is the end of it, --yes does not ask."""
    peira("rm", "--query", "lr = 0.1", text="n\n", code=130)
    assert peira.json("ls")["matched"] == 7
    peira("rm", "--query", "lr = 0.1", "--yes")
    assert peira.json("ls")["matched"] == 4
    peira("undelete", "--query", "lr = 0.1")
    assert peira.json("ls")["matched"] == 7
