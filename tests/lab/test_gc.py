"""Removing, restoring, purging, and collecting what nothing names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from peira.core.errors import UsageError
from peira.lab.lab import Lab
from peira.record import events, lines
from tests.lab.writing import START, RunFiles, ask, facts


@pytest.fixture
def run(tmp_path: Path) -> RunFiles:
    run = RunFiles(tmp_path / ".peira")
    run.log({"x": 1.0})
    run.end()
    return run


def store(lab: Lab, data: bytes, *, age_s: float = 7_200.0) -> str:
    digest = lab.objects.put_bytes(data).digest
    path = lab.objects.path(digest)
    then = path.stat().st_mtime - age_s
    os.utime(path, (then, then))
    return digest


def name(run: RunFiles, digest: str) -> None:
    run.event(
        events.Media(
            time=START, key="k", step=0, type="text", object=digest, mime="text/plain", size=1
        )
    )


def test_what_is_named_stays_and_the_rest_goes(run: RunFiles) -> None:
    """Objects of runs stay, unnamed old ones go, young ones wait."""
    with Lab(run.root) as lab:
        kept, gone, young = store(lab, b"kept"), store(lab, b"gone"), store(lab, b"new", age_s=0)
        name(run, kept)
        planned = lab.gc(dry_run=True)
        assert lab.objects.exists(gone)
        report = lab.gc()
        assert planned == report
        assert (report.objects, report.bytes, report.kept, report.young) == (1, 4, 1, 1)
        assert [lab.objects.exists(d) for d in (kept, gone, young)] == [True, False, True]


def test_a_digest_counts_wherever_it_stands(run: RunFiles) -> None:
    """In a damaged line, in the journal, in a listing that an object is."""
    with Lab(run.root) as lab:
        inner = store(lab, b"inner")
        listing = store(lab, b'{"rows":["' + inner.encode() + b'"]}')
        torn, decided = store(lab, b"torn"), store(lab, b"decided")
        name(run, listing)
        run.append("events.jsonl", b'{"kind":"media","object":"' + torn.encode() + b'"')
        lab.save_view("p", "v", {"object": decided})
        assert lab.gc().objects == 0


def test_a_removed_run_keeps_its_objects_and_comes_back(run: RunFiles) -> None:
    """Removing hides; restoring shows the same run again."""
    with Lab(run.root) as lab:
        digest = store(lab, b"kept")
        name(run, digest)
        lab.catch_up()
        before = facts(lab)[:7]
        lab.remove(run.id)
        lab.gc()
        assert ask(lab, "SELECT deleted FROM run") == [(1,)]
        lab.undelete(run.id)
        lab.catch_up()
        assert facts(lab)[:7] == before
        assert lab.objects.exists(digest)


def test_purged_is_gone(run: RunFiles) -> None:
    """The folder and every fact go; the history says that there was a run."""
    with Lab(run.root) as lab:
        digest = store(lab, b"gone")
        name(run, digest)
        lab.catch_up()
        with pytest.raises(UsageError, match="was not removed"):
            lab.purge(run.id)
        lab.remove(run.id)
        lab.purge(run.id)
        assert not run.path.exists()
        assert ask(lab, "SELECT count(*) FROM run") == [(0,)]
        assert ask(lab, "SELECT count(*) FROM metric") == [(0,)]
        assert [d.kind for d in lab.journal.history(id=run.id)] == ["run.deleted", "run.purged"]
        assert lab.gc().objects == 1


def test_a_living_run_is_not_purged(tmp_path: Path) -> None:
    """Nothing is deleted under a process that writes."""
    run = RunFiles(tmp_path / ".peira")
    with Lab(run.root) as lab:
        lab.catch_up()
        lab.remove(run.id)
        with pytest.raises(UsageError, match="still runs"):
            lab.purge(run.id)
        assert run.path.exists()


def test_a_purge_that_was_killed_is_finished(run: RunFiles) -> None:
    """The tombstone alone hides the run from everyone, also from a merged copy."""
    with Lab(run.root) as lab:
        lab.catch_up()
        lab.journal.append("run.purged", run.id, True)
        lab.catch_up()
        assert ask(lab, "SELECT count(*) FROM run") == [(0,)]
        assert run.path.exists()
        (run.root / "runs" / ".purged-x").mkdir()
        lab.index.replace()
        assert lab.catch_up().points == 0
        assert lab.gc().runs == 2
        assert list((run.root / "runs").iterdir()) == []


def save(run: RunFiles, step: int, digest: str, *, writer: str = "") -> None:
    files = [events.File("state.json", digest, 1)]
    run.event(events.Checkpoint(time=START, step=step, files=files), writer)


def drop(run: RunFiles, *steps: int, writer: str = "") -> None:
    run.event(events.Dropped(time=START, steps=list(steps)), writer)


def gone(lab: Lab, *digests: str) -> list[bool]:
    """Collect, and tell which objects that took."""
    lab.gc()
    return [not lab.objects.exists(digest) for digest in digests]


def test_only_dropped_checkpoints_lose_their_objects(run: RunFiles) -> None:
    """What a dropped checkpoint alone names goes; what a kept one or anything else names stays."""
    with Lab(run.root) as lab:
        old, new, shared, shown = (store(lab, text) for text in (b"old", b"new", b"both", b"seen"))
        files = [events.File(f"{n}.npy", d, 1) for n, d in enumerate((old, shared, shown))]
        run.event(events.Checkpoint(time=START, step=1, files=files))
        name(run, shown)
        save(run, 2, new)
        save(run, 3, shared)
        assert gone(lab, old, new, shared, shown) == [False] * 4
        drop(run, 1)
        assert gone(lab, old, new, shared, shown) == [True, False, False, False]


def test_a_checkpoint_below_the_drop_stays(run: RunFiles) -> None:
    """A step that is saved again after it was dropped is there; the earlier one is not."""
    with Lab(run.root) as lab:
        first, second = store(lab, b"1"), store(lab, b"2")
        save(run, 5, first)
        drop(run, 5)
        save(run, 5, second)
        assert gone(lab, first, second) == [True, False]
        third = store(lab, b"3")
        save(run, 5, third)  # takes the place of the second
        assert gone(lab, second, third) == [True, False]


def test_a_drop_is_of_its_own_file(run: RunFiles) -> None:
    """Another writer's checkpoint of the same step is another one."""
    with Lab(run.root) as lab:
        mine, theirs = store(lab, b"mine"), store(lab, b"theirs")
        save(run, 5, mine)
        save(run, 5, theirs, writer="0a1b2c")
        drop(run, 5, writer="0a1b2c")
        assert gone(lab, mine, theirs) == [False, True]


def test_damage_keeps_checkpoints(run: RunFiles) -> None:
    """A drop that cannot be read drops nothing, and a checkpoint that cannot be read is kept."""
    path = run.path / "events.jsonl"
    with Lab(run.root) as lab:
        one = store(lab, b"1")
        save(run, 1, one)
        drop(run, 1)
        spoil(path, b'"steps":[1]', b'"steps":[7]')
        assert gone(lab, one) == [False]
        two = store(lab, b"2")
        save(run, 2, two)
        spoil(path, b'"step":2', b'"step":1')
        drop(run, 1, 2)
        assert gone(lab, one, two) == [True, False]
        three = store(lab, b"3")
        save(run, 4, three)
        run.append("events.jsonl", lines.encode(events.Dropped(time=START, steps=[4]))[:-1])
        assert gone(lab, three) == [False]


def spoil(path: Path, text: bytes, other: bytes) -> None:
    """Change the last place of a text in a file; the line's checksum does not fit any more."""
    data = path.read_bytes()
    at = data.rindex(text)
    path.write_bytes(data[:at] + other + data[at + len(text) :])


def test_a_run_that_goes_on_keeps_the_dropped_checkpoint(run: RunFiles) -> None:
    """The child names the bytes that it began with, so that it can be repeated."""
    with Lab(run.root) as lab:
        digest = store(lab, b"state")
        save(run, 5, digest)
        drop(run, 5)
        child = RunFiles(run.root)
        used = [events.File("state.json", digest, 1)]
        child.event(
            events.Artifact(time=START, name="x", type="checkpoint", role="used", files=used)
        )
        assert gone(lab, digest) == [False]
