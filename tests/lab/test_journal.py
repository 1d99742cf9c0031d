"""The journal: what people decided."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from peira.core.errors import UsageError
from peira.lab import journal as journals
from peira.lab.journal import Decision, Journal
from peira.lab.lab import Lab
from peira.record import lines
from tests.lab.writing import RunFiles, ask, facts


def write(root: Path, writer: str, *decisions: Decision) -> Path:
    path = root / "journal" / f"{writer}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as stream:
        for decision in decisions:
            stream.write(lines.encode(decision))
    return path


@pytest.fixture
def run(tmp_path: Path) -> RunFiles:
    run = RunFiles(tmp_path / ".peira")
    run.end()
    return run


def test_the_last_record_stands_and_all_stay_readable(tmp_path: Path) -> None:
    """History keeps every decision, the standing one last; None takes them back."""
    journal = Journal(tmp_path)
    for value in ("one", "two", None):
        journal.append("run.name", "r", value)
    assert [d.value for d in journal.history("run.name", "r")] == ["one", "two", None]
    assert journal.standing("run.name") == {}


def test_a_reason_said_afterwards_stands_until_taken_back(tmp_path: Path) -> None:
    """What a person says replaces the reason given at the start; an empty text brings it back."""
    run = RunFiles(tmp_path / ".peira", why="first idea")
    run.end()
    with Lab(run.root) as lab:
        assert lab.run(run.id).why == "first idea"
        lab.why(run.id, " a better idea ")
        assert lab.run(run.id).why == "a better idea"
        lab.why(run.id, "")
        assert lab.run(run.id).why == "first idea"


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_time_then_writer_then_line_decides(run: RunFiles, order: tuple[int, ...]) -> None:
    """Which decision stands does not depend on the order in which files arrive."""
    said = [
        ("zoe@a", Decision("run.name", run.id, 5.0, "zoe", "early")),
        ("ada@a", Decision("run.name", run.id, 9.0, "ada", "same time, first writer")),
        ("bob@a", Decision("run.name", run.id, 9.0, "bob", "same time, last writer")),
    ]
    with Lab(run.root) as lab:
        for number in order:
            write(run.root, *said[number])
            lab.catch_up()
        assert ask(lab, "SELECT name FROM run") == [("same time, last writer",)]
        assert ask(lab, 'SELECT "by" FROM decision') == [("bob",)]


def test_a_torn_line_costs_itself_only(tmp_path: Path) -> None:
    """An append after a crash ends the torn line; the record before and after stand."""
    journal = Journal(tmp_path)
    journal.append("goal", "p", 1)
    with journal.path.open("ab") as stream:
        stream.write(b'{"kind":"goal","id":"q","ti')
    journal.append("goal", "r", 2)
    assert set(journal.standing("goal")) == {"p", "r"}


def test_a_decision_is_private_and_complete_when_append_returns(tmp_path: Path) -> None:
    """Files are readable by their owner only; what returned is in the file."""
    journal = Journal(tmp_path)
    journal.append("goal", "p", {"metric": "acc"})
    assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600
    assert journal.history("goal")[0].value == {"metric": "acc"}


def test_odd_values_are_refused(tmp_path: Path) -> None:
    """What is no JSON, or far too large, is refused and leaves no trace."""
    journal = Journal(tmp_path)
    with pytest.raises(UsageError):
        journal.append("goal", "p", object())
    with pytest.raises(UsageError, match="1 MiB"):
        journal.append("goal", "p", "x" * (1 << 20))
    assert journal.history() == []


@pytest.mark.parametrize("name", ["../../x", "a/b", "", "ада", "x" * 300, ".hidden"])
def test_a_users_name_never_leaves_the_folder(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path is built from safe characters only; the name in the record is as given."""
    monkeypatch.setenv("PEIRA_USER", name)
    journal = Journal(tmp_path)
    journal.append("goal", "p", 1)
    assert [p.parent for p in journal.files()] == [tmp_path / "journal"]
    assert journal.history()[0].by == (name[:64] or journal.by)


def test_merging_labs_is_the_union_of_their_files(tmp_path: Path) -> None:
    """Two copies that went on apart, copied together, tell what both decided."""
    one = RunFiles(tmp_path / "one" / ".peira")
    one.end()
    shutil.copytree(one.root, tmp_path / "two" / ".peira")
    two = RunFiles(tmp_path / "two" / ".peira", "other")
    two.end()
    write(one.root, "ada@a", Decision("run.tag", f"{one.id}/good", 5.0, "ada", True))
    write(two.root, "bob@b", Decision("run.tag", f"{one.id}/bad", 6.0, "bob", True))
    write(two.root, "bob@b", Decision("run.name", one.id, 7.0, "bob", "best"))
    with Lab(one.root) as lab:
        lab.catch_up()
        shutil.copytree(two.root, one.root, dirs_exist_ok=True)
        lab.catch_up()
        merged = facts(lab)
        tags = ask(lab, 'SELECT name, "by" FROM tag ORDER BY name')
        assert tags == [("bad", "bob"), ("good", "ada")]
        assert ask(lab, "SELECT name FROM run ORDER BY name") == [("best",), ("other",)]
        lab.index.replace()
        lab.catch_up()
        assert facts(lab) == merged


def test_decisions_of_a_lab_are_seen(run: RunFiles) -> None:
    """Name, note, tags, removal and restoring, each undone by its opposite."""
    with Lab(run.root) as lab:
        lab.catch_up()
        lab.rename(run.id, "better")
        lab.note(run.id, "look *here*")
        lab.tag(run.id, "a/b", "good")
        lab.remove(run.id)
        lab.catch_up()
        assert ask(lab, "SELECT name, note, deleted FROM run") == [("better", "look *here*", 1)]
        assert ask(lab, "SELECT name FROM tag ORDER BY 1") == [("a/b",), ("good",)]
        lab.rename(run.id, "")
        lab.note(run.id, "")
        lab.untag(run.id, "good")
        lab.undelete(run.id)
        lab.catch_up()
        assert ask(lab, "SELECT name, note, deleted FROM run") == [("run", None, 0)]
        assert ask(lab, "SELECT name FROM tag") == [("a/b",)]
        assert len(lab.history(run.id)) == 9


def test_a_decision_about_a_run_that_comes_later_waits_for_it(tmp_path: Path) -> None:
    """The journal may arrive before the run it speaks of."""
    there = RunFiles(tmp_path / "there" / ".peira")
    there.end()
    root = tmp_path / "here" / ".peira"
    write(root, "ada@a", Decision("run.name", there.id, 1.0, "ada", "named before"))
    with Lab(root) as lab:
        lab.catch_up()
        shutil.copytree(there.path, root / "runs" / there.id)
        lab.catch_up()
        assert ask(lab, "SELECT name FROM run") == [("named before",)]


def test_a_journal_that_is_taken_away_no_longer_stands(run: RunFiles) -> None:
    """The index follows the files, also back."""
    with Lab(run.root) as lab:
        lab.catch_up()
        before = facts(lab)
        lab.tag(run.id, "good")
        lab.rename(run.id, "better")
        lab.catch_up()
        lab.journal.path.unlink()
        lab.catch_up()
        assert facts(lab) == before


def test_many_processes_append_to_one_file(tmp_path: Path) -> None:
    """No record of a person with many windows is lost or mixed with another."""
    text = (
        "import sys; from pathlib import Path; from peira.lab.journal import Journal;"
        "j = Journal(Path(sys.argv[1]));"
        "[j.append('view', sys.argv[2] + '/' + str(n), 'x' * 500) for n in range(20)]"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", text, str(tmp_path), str(n)]) for n in range(4)
    ]
    assert [process.wait() for process in running] == [0] * 4
    assert len(Journal(tmp_path).standing("view")) == 80


def test_what_was_read_is_not_read_again(tmp_path: Path) -> None:
    """Other processes' lines are seen, and so is another file in the place of one; values that were
    given out are nobody else's."""
    journal = Journal(tmp_path)
    first = Decision("view", "a", 1.0, "ada", {"x": 1})
    path = write(tmp_path, "ada@host", first)
    (found,) = journal.history("view")
    found.value["x"] = 2
    with path.open("ab") as stream:
        stream.write(lines.encode(Decision("view", "b", 2.0, "ada", 1))[:-3])  # half of a line
    assert [d.value for d in Journal(tmp_path).history()] == [{"x": 1}]
    path.write_bytes(path.read_bytes()[:-20])
    write(tmp_path, "ada@host", Decision("view", "c", 3.0, "ada", 1))
    assert [d.id for d in journal.history()] == ["a"]  # the torn line swallowed it
    path.write_bytes(b"".join(lines.encode(Decision("view", n, 1.0, "ada", 1)) for n in "xyz") * 3)
    assert set(journal.standing("view")) == {"x", "y", "z"}
    path.unlink()
    assert journal.history() == []


def test_a_long_journal_is_asked_often(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question about one id does not go through all the others again."""
    write(tmp_path, "ada@host", *(Decision("note", str(n), n, "ada", n) for n in range(2_000)))
    asked = 0

    def counted(*words: object) -> object:
        nonlocal asked
        asked += 1
        return parse(*words)  # type: ignore[arg-type]

    parse = journals._line
    monkeypatch.setattr(journals, "_line", counted)
    for number in range(50):
        assert Journal(tmp_path).history("note", str(number))[0].value == number
    assert asked == 2_000
