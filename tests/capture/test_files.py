"""From what was observed to the files of a run: digests, kept contents, and honest reasons."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from blake3 import blake3

from peira.capture import CaptureSettings, FileKeeper, content, files
from peira.capture.files import Place
from peira.capture.hook.spool import Spool
from peira.capture.spool import SpoolReader
from peira.objects.folder import FolderObjects
from peira.record import events
from peira.record.events import SeenFile


class Work:
    """A project folder with a program that tells what it does, and the keeper of its files."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self.events: list[Any] = []
        self.lab = folder / ".peira"
        self.objects = FolderObjects(self.lab / "objects")
        spool = folder / "spool"
        spool.mkdir(mode=0o700, exist_ok=True)
        self._spool = Spool(str(spool))
        self.keeper = FileKeeper(
            Place(self.lab, str(folder)),
            SpoolReader(spool),
            self.events.append,
            settings=CaptureSettings(**settings),
        )

    def opens(self, name: str, **marks: Any) -> None:
        """The program opens a file to read."""
        path = self.folder / name
        found = path.stat()
        state = [found.st_size, found.st_mtime_ns, found.st_ino]
        self._spool.tell("open", path=str(path), mode="r", stat=state, **marks)

    def writes(self, name: str, data: bytes = b"made") -> None:
        """The program writes a file."""
        self._spool.tell("open", path=str(self.folder / name), mode="w")
        self.make(name, data)

    def make(self, name: str, data: bytes) -> None:
        """Somebody else writes a file."""
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_bytes(data)

    def tells(self, kind: str, **fields: Any) -> None:
        self._spool.tell(kind, **fields)

    def told(self, role: str) -> dict[str, SeenFile]:
        """What the events tell, by path."""
        lines = [e for e in self.events if isinstance(e, events.Files) and e.role == role]
        return {file.path: file for line in lines for file in line.files}

    def kept(self, file: SeenFile) -> bytes:
        assert file.object is not None
        return self.objects.read(file.object)


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return Work(tmp_path)


def test_an_input_is_kept_with_its_digest(work: Work) -> None:
    """So that the run can be repeated when the file has changed since."""
    work.make("data.csv", b"1,2\n")
    work.opens("data.csv")
    assert work.keeper.finish(1)
    file = work.told("input")["data.csv"]
    assert work.kept(file) == b"1,2\n" and file.kept and file.is_sure and file.size == 4
    assert file.modified == round((work.folder / "data.csv").stat().st_mtime_ns / 1e9, 6)


@pytest.mark.parametrize("size", [100, 101, 500])
def test_a_large_input_is_known_by_its_digest_only(tmp_path: Path, size: int) -> None:
    """Up to the limit it is kept; of all inputs ten times as much."""
    work = Work(tmp_path, keep_bytes_max=100)
    for number in range(11):
        work.make(f"{number:02}", bytes([number]) * size)
        work.opens(f"{number:02}")
    assert work.keeper.finish(1)
    told = work.told("input")
    assert [file.kept for file in told.values()] == [size <= 100] * 10 + [False]
    for name, file in told.items():
        assert file.object == blake3((tmp_path / name).read_bytes()).hexdigest()
        assert work.objects.exists(str(file.object)) == file.kept


def test_nothing_is_kept_when_asked_so(tmp_path: Path) -> None:
    """`keep_bytes_max=0`: digests only, of an empty file, too."""
    work = Work(tmp_path, keep_bytes_max=0)
    work.make("a", b"x")
    work.opens("a")
    assert work.keeper.finish(1)
    assert not work.told("input")["a"].kept and work.told("input")["a"].object


def test_a_file_named_like_a_secret_is_not_read(work: Work) -> None:
    """Not even its digest is recorded: a short secret could be guessed from it."""
    work.make(".env", b"TOKEN=abc")
    work.make("id_rsa", b"abc")
    work.opens(".env")
    work.opens("id_rsa")
    assert work.keeper.finish(1)
    for file in work.told("input").values():
        assert file.object is None and file.reason == content.SECRET_NAME
    assert not [*work.objects.iterate()]


def test_a_config_with_a_password_is_not_kept(work: Work) -> None:
    """Without quotes and below another name, too; one that only says that there is one is kept."""
    work.make("db.yaml", b"db:\n  password: letmein\n")
    work.make("hub.yaml", b"hub:\n  use_auth_token: true\n")
    work.opens("db.yaml")
    work.opens("hub.yaml")
    assert work.keeper.finish(1)
    told = work.told("input")
    assert told["db.yaml"].reason == content.SECRET_CONTENT and told["db.yaml"].object is None
    assert told["hub.yaml"].kept


@pytest.mark.parametrize("code", [True, False])
def test_a_file_that_holds_a_secret_is_not_kept(work: Work, code: bool) -> None:
    """A source or an input: not even its digest is recorded, but why."""
    work.make("train.py", b"key = 'ghp_" + b"a" * 36 + b"'\n")
    work.opens("train.py", code=code)
    assert work.keeper.finish(1)
    file = work.told("source" if code else "input")["train.py"]
    assert file.object is None and not file.kept and file.reason == content.SECRET_CONTENT
    assert not [*work.objects.iterate()]


def test_a_file_that_changed_before_it_was_read_has_no_digest(work: Work) -> None:
    """A digest of other content than the program read would be a lie."""
    work.make("data.csv", b"1")
    work.opens("data.csv")
    work.make("data.csv", b"22")
    assert work.keeper.finish(1)
    file = work.told("input")["data.csv"]
    assert file.object is None and file.reason == content.CHANGED


def test_a_file_that_changes_later_is_said_to(work: Work) -> None:
    """The digest is of what was opened; that the file changed while the run ran is told."""
    work.make("data.csv", b"1")
    work.opens("data.csv")
    work.keeper.catch_up(1)
    work.make("data.csv", b"22")
    assert work.keeper.finish(1)
    file = work.told("input")["data.csv"]
    assert work.kept(file) == b"1" and file.reason == files.CHANGED


def test_a_file_that_is_gone_is_said_to_be(work: Work) -> None:
    """It was opened; what it held is not known."""
    work.make("gone", b"1")
    work.opens("gone")
    (work.folder / "gone").unlink()
    assert work.keeper.finish(1)
    assert work.told("input")["gone"].reason == content.GONE


def test_what_the_run_wrote_first_is_an_output(work: Work) -> None:
    """Reading it back makes no input of it; with a digest, kept when it is small."""
    work.writes("features.npy")
    work.opens("features.npy")
    work.make("data.csv", b"1")
    work.opens("data.csv")
    work.writes("data.csv", b"read before it was written")
    assert work.keeper.finish(1)
    assert set(work.told("output")) == {"features.npy", "data.csv"}
    assert set(work.told("input")) == {"data.csv"}
    assert work.kept(work.told("output")["features.npy"]) == b"made"


def test_an_output_is_told_as_it_is_at_the_end(work: Work) -> None:
    """Earlier contents are not; a file that was for a moment only is not told."""
    work.writes("model.bin", b"epoch 1")
    work.writes("model.tmp")
    work.keeper.catch_up(1)
    work.writes("model.bin", b"epoch 2")
    (work.folder / "model.tmp").unlink()
    assert work.keeper.finish(1)
    assert set(work.told("output")) == {"model.bin"}
    assert work.kept(work.told("output")["model.bin"]) == b"epoch 2"
    assert len([*work.objects.iterate()]) == 1


def test_caches_and_the_lab_are_no_outputs(
    work: Work, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Nor is what lies elsewhere: it belongs to others, too."""
    elsewhere = str(tmp_path_factory.mktemp("elsewhere") / "x")
    for name in (".peira/x", ".git/x", "__pycache__/x.pyc", ".cache/x", elsewhere, "out/x"):
        work.writes(name)
    assert work.keeper.finish(1)
    assert set(work.told("output")) == {"out/x"}


def test_sources_are_kept_and_those_of_the_commit_marked(work: Work) -> None:
    """Also untracked and changed ones: so the code of a run is whole without git."""
    for name in ("same.py", "changed.py"):
        work.make(name, b"x = 1\n")
    git = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *words], cwd=work.folder, check=True)
    work.make("changed.py", b"x = 2\n")
    work.make("new/untracked.py", b"x = 3\n")
    for name in ("same.py", "changed.py", "new/untracked.py"):
        work.opens(name, code=True)
    assert work.keeper.finish(2)
    told = work.told("source")
    assert {name: file.tracked for name, file in told.items()} == {
        "same.py": True, "changed.py": False, "new/untracked.py": False,
    }  # fmt: skip
    assert {work.kept(file) for file in told.values()} == {b"x = 1\n", b"x = 2\n", b"x = 3\n"}


def test_paths_start_from_the_top_of_the_repository(work: Work) -> None:
    """A run in a folder of it has files of the whole; what lies outside is told absolute."""
    subprocess.run(["git", "init", "-q"], cwd=work.folder, check=True)
    work.make("lib/a.py", b"")
    work.make("sub/b.py", b"")
    below = Work(work.folder / "sub")
    for name in ("../lib/a.py", "b.py"):
        path = os.path.normpath(work.folder / "sub" / name)
        below.tells("modules", files={name: path, "outside": sys.executable})
    assert below.keeper.finish(2)
    assert set(below.told("source")) == {"lib/a.py", "sub/b.py"}
    assert {e.root for e in below.events} == {str(work.folder)}


def test_a_module_that_was_opened_like_data_is_a_source(work: Work) -> None:
    """A traceback that shows its lines makes no input of it, however early it was told."""
    work.make("helper.py", b"x")
    work.opens("helper.py")
    work.keeper.catch_up(1)
    work.tells("modules", files={"helper": str(work.folder / "helper.py")})
    assert work.keeper.finish(1)
    assert set(work.told("source")) == {"helper.py"} and not work.told("input")


def test_a_large_file_is_read_in_portions(work: Work) -> None:
    """Each look takes its time only, and the digest is right all the same."""
    data = os.urandom(3 * content.PIECE_BYTES)
    work.make("big", data)
    work.opens("big")
    for _ in range(20):
        work.keeper.catch_up(1e-9)
        assert not work.told("input") or work.told("input")["big"].object
    while not work.told("input"):
        work.keeper.catch_up(0.001)
    assert work.told("input")["big"].object == blake3(data).hexdigest()


def test_the_end_does_not_wait_for_large_files(work: Work) -> None:
    """What was not read by then is told with size and time, and why; small files are read."""
    for name, size in (("big", 64 << 20), ("small", 10)):
        with (work.folder / name).open("wb") as stream:
            stream.truncate(size)
        work.opens(name)
    assert not work.keeper.finish(0)
    big, small = (work.told("input")[name] for name in ("big", "small"))
    assert big.object is None and big.reason == files.UNREAD
    assert big.size == 64 << 20 and big.modified > time.time() - 60
    assert small.object and small.kept
    assert not work.keeper.finish(9)  # a second call does nothing


def test_very_many_files_are_a_listing(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first ones are told one by one; all of them are in an object, with their digests."""
    monkeypatch.setattr(files, "LISTED_MAX", 10)
    for number in range(25):
        work.make(f"images/{number:02}.png", b"%d" % number)
        work.opens(f"images/{number:02}.png")
    work.tells("omitted", opens=7)
    assert work.keeper.finish(1)
    last = work.events[-1]
    assert len(work.told("input")) == 10 and last.omitted == 15 + 7
    listing = msgspec.json.decode(work.objects.read(last.listing), type=events.FileListing)
    assert {f.object for f in listing.files} == {blake3(b"%d" % n).hexdigest() for n in range(25)}
    assert [f.kept for f in listing.files] == [True] * 10 + [False] * 15


@pytest.mark.parametrize("left_out", ["sources", "inputs", "outputs", "seeds"])
def test_what_is_left_out_is_not_recorded(tmp_path: Path, left_out: str) -> None:
    """Each of them alone; the others are."""
    work = Work(tmp_path, leave_out=(left_out,))
    for name in ("a.py", "data"):
        work.make(name, b"1")
    work.opens("a.py", code=True)
    work.opens("data")
    work.writes("out")
    work.tells("seed", library="random", value=3)
    assert work.keeper.finish(1)
    told = {f"{role}s" for role in ("source", "input", "output") if work.told(role)}
    told |= {e.aspect for e in work.events if isinstance(e, events.Captured)}
    assert told == {"sources", "inputs", "outputs", "seeds"} - {left_out}


def test_everything_can_be_told_again(work: Work) -> None:
    """Somebody removed the run's folder while it lives."""
    work.make("data", b"1")
    work.opens("data")
    work.tells("seed", library="random", value=3)
    work.keeper.catch_up(1)
    before = {type(e) for e in work.events}
    work.events.clear()
    work.keeper.tell_again()
    assert {type(e) for e in work.events} == before and set(work.told("input")) == {"data"}


def test_a_file_seen_by_the_watch_alone_is_not_sure(work: Work) -> None:
    """Another program opened it here, or this one in C: nobody told. An editor's files are none."""
    for name in ("data.bin", "notes.md", ".hidden", "mod.py", "lib.sh"):
        work.make(name, b"1")
    work.keeper.start()
    subprocess.run(["cat", "data.bin", "notes.md", ".hidden", "mod.py", "lib.sh"],
                   cwd=work.folder, stdout=subprocess.DEVNULL, check=True)  # fmt: skip
    assert work.keeper.finish(1)
    assert set(work.told("input")) == {"data.bin"} and set(work.told("source")) == {"lib.sh"}
    assert not work.told("input")["data.bin"].is_sure


def test_what_git_opens_is_not_the_runs(work: Work) -> None:
    """While Peira asks git for the code, git opens files that it tracks."""
    for name in ("tracked.csv", "data.csv"):
        work.make(name, b"1")
    git = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    for words in (["init", "-q"], ["add", "tracked.csv"], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *words], cwd=work.folder, check=True)
    work.keeper.start()
    work.keeper.has_doubts = True
    subprocess.run(["cat", "tracked.csv", "data.csv"], cwd=work.folder,
                   stdout=subprocess.DEVNULL, check=True)  # fmt: skip
    work.keeper.catch_up(1)
    assert work.keeper.finish(1)
    assert set(work.told("input")) == {"data.csv"}


def test_a_file_named_on_the_command_line_is_sure(tmp_path: Path) -> None:
    """`peira run ./count words.txt`: the watch saw it opened, and the command names it."""
    work = Work(tmp_path)
    work.make("words.txt", b"1")
    place = Place(work.lab, str(tmp_path), ["cat", "words.txt"])
    keeper = FileKeeper(
        place, SpoolReader(tmp_path / "spool"), work.events.append, settings=CaptureSettings()
    )
    keeper.start()
    subprocess.run(place.command, cwd=tmp_path, stdout=subprocess.DEVNULL, check=True)
    assert keeper.finish(1)
    assert work.told("input")["words.txt"].is_sure


def test_a_slow_end_is_told(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    """A launcher that reads for more than a second says what it waits for, once."""
    monkeypatch.setattr(files, "SLOW_S", -1.0)
    for name in ("a", "b"):
        work.make(name, b"12345")
        work.opens(name)
    told: list[tuple[int, int]] = []
    assert work.keeper.finish(5, lambda count, size: told.append((count, size)))
    assert told == [(2, 10)]


def test_reading_a_lab_file_is_no_input(work: Work) -> None:
    """A program that reads its own runs has no inputs by that, whatever the lab is called."""
    work.lab = work.folder / "results"
    keeper = FileKeeper(
        Place(work.lab, str(work.folder)),
        SpoolReader(work.folder / "spool"), work.events.append, settings=CaptureSettings(),
    )  # fmt: skip
    work.make("results/runs/1/events.jsonl", b"1")
    work.opens("results/runs/1/events.jsonl")
    assert keeper.finish(1) and not work.events


def test_time_passes_only_for_outputs(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large output that is quiet is read before the end, which then has less to do."""
    monkeypatch.setattr(files, "OUTPUT_BYTES_MAX", 3)
    monkeypatch.setattr(files, "QUIET_S", 0.0)
    work.writes("model.bin", b"large")
    time.sleep(0.01)
    work.keeper.catch_up(1)
    work.keeper.catch_up(1)
    assert work.told("output")["model.bin"].object == blake3(b"large").hexdigest()
    assert work.keeper.finish(1) and not work.told("output")["model.bin"].kept
