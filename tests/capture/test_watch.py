"""The watch on folders: what others open and write in them, within its limits."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from peira.capture import watch
from peira.capture.watch import FolderWatch, folders_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")


class Watched:
    """A folder tree with a watch on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.watch = FolderWatch()
        assert self.watch.open()

    def make(self, *names: str) -> None:
        for name in names:
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text("x")

    def seen(self) -> tuple[set[str], set[str]]:
        """Names of what was opened, and of what was written."""
        sights = [*self.watch.sights()]
        read, written = (
            {str(Path(s.path).relative_to(self.folder)) for s in sights if s.what == what}
            for what in ("read", "written")
        )
        return read - written, written


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_another_program_is_seen(watched: Watched) -> None:
    """What it opens and what it writes, also by renaming; nothing of what was before."""
    watched.make("deep/er/data", "before")
    watched.watch.add_tree(str(watched.folder))
    script = "cat deep/er/data; echo 1 > new; echo 1 > .tmp; mv .tmp renamed"
    subprocess.run(["sh", "-c", script], cwd=watched.folder, check=True, capture_output=True)
    opened, written = watched.seen()
    assert opened == {"deep/er/data"} and {"new", "renamed"} <= written
    assert watched.seen() == (set(), set())


def test_new_folders_are_watched_too(watched: Watched) -> None:
    """Of a tree; not of a folder that is watched alone."""
    watched.make("tree/x", "alone/x")
    watched.watch.add_tree(str(watched.folder / "tree"))
    watched.watch.add(str(watched.folder / "alone"))
    watched.make("tree/new/y", "alone/new/y")
    watched.seen()
    watched.make("tree/new/z", "alone/new/z")
    assert watched.seen()[1] == {"tree/new/z"}


def test_hidden_and_installed_folders_are_passed_over(watched: Watched) -> None:
    """They would use up the watches, and nothing in them is a run's data."""
    places = (".git/x", "node_modules/x", "env/pyvenv.cfg", "env/lib/x", "__pycache__/x", "data/x")
    watched.make(*places)
    watched.watch.add_tree(str(watched.folder))
    watched.make(*places)
    assert watched.seen()[1] == {"data/x"}


def test_only_so_many_folders_are_watched(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The nearest ones; and it is said."""
    monkeypatch.setattr(watch, "FOLDERS_MAX", 3)
    watched.make("a/deep/x", "b/deep/x")
    watched.watch.add_tree(str(watched.folder))
    watched.make("a/x", "b/x", "a/deep/x", "b/deep/x")
    assert watched.seen()[1] == {"a/x", "b/x"}
    assert "only 3 folders" in watched.watch.trouble


def test_a_busy_folder_is_left(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each event costs training a little; a hundred thousand images are not worth it."""
    monkeypatch.setattr(watch, "EVENTS_MAX", 5)
    watched.make("a/x", "b/x")
    watched.watch.add_tree(str(watched.folder))
    for number in range(9):
        watched.make(f"a/{number}")
    watched.seen()
    watched.make("a/y", "b/y")
    assert watched.seen()[1] == {"b/y"}
    assert "too busy" in watched.watch.trouble


def test_a_removed_folder_is_no_trouble(watched: Watched) -> None:
    """It may come again, and is watched again."""
    watched.make("a/x")
    watched.watch.add_tree(str(watched.folder))
    (watched.folder / "a" / "x").unlink()
    (watched.folder / "a").rmdir()
    watched.seen()
    watched.make("a/x")
    watched.seen()
    watched.make("a/y")
    assert watched.seen()[1] == {"a/y"} and not watched.watch.trouble
    watched.watch.close()
    assert watched.seen() == (set(), set())


def test_a_link_to_a_folder_is_not_followed(watched: Watched) -> None:
    """It may lead round in circles."""
    watched.make("a/x")
    (watched.folder / "a" / "loop").symlink_to(watched.folder)
    watched.watch.add_tree(str(watched.folder))
    watched.make("a/y")
    assert watched.seen()[1] == {"a/y"}


def test_elsewhere_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """On other systems nothing is watched, and everything else works."""
    monkeypatch.setattr(sys, "platform", "darwin")
    absent = FolderWatch()
    assert not absent.open() and "no inotify" in absent.trouble
    absent.add_tree(".")
    assert not [*absent.sights()]


def test_folders_that_a_command_names(tmp_path: Path) -> None:
    """By themselves, by their files, and as values of options."""
    (tmp_path / "data").mkdir()
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "a.yaml").write_text("")
    words = ["train.py", "--data=data", "--config", "conf/a.yaml", "x" * 5000, "a\0b", "--lr=1"]
    named = folders_of(words, str(tmp_path))
    assert named == [str(tmp_path / "data"), str(tmp_path / "conf")]
