"""Where the files of a run lay, and where they lie in a restored folder.

/home/ada/digits/train.py   in the project's folder     ->  DIR/train.py
/data/train.csv             elsewhere, and kept         ->  DIR/.restored/elsewhere/data/train.csv
/data/big.parquet           elsewhere, not kept         ->  stays where it is

A program finds what lies elsewhere only where its command names it: a path in its code is what it
was.
"""

from __future__ import annotations

import os.path
from collections.abc import Iterable
from pathlib import Path

from peira.capture.program import program_of
from peira.lab.runs import RunRecord
from peira.record.events import FileRole

ROLES: tuple[FileRole, ...] = ("source", "input")
"""What a run needs again."""
NOTES = ".restored"
"""What restoring adds to the project's own files: the note, params, the command, pins."""
ELSEWHERE = f"{NOTES}/elsewhere"


class Places:
    """Maps paths of the recorded run to paths of its restored folder.

    Args:
        root: the project's folder of the run, absolute. folder: the restored one.
        elsewhere: absolute paths of files outside of `root` that were restored, too.
        directory: where the command was started; then relative paths in it that lead out of the
            project are mapped as well.
    """

    def __init__(
        self, root: str, folder: Path, elsewhere: Iterable[str] = (), *, directory: str = ""
    ) -> None:
        self.root = root.rstrip("/") or "/"
        self.folder = folder
        self._elsewhere = set(elsewhere)
        self._directory = directory
        self._left: set[str] = set()

    def add(self, path: str) -> str:
        """Remember that a file outside of the project's folder is restored; return where, relative
        to the folder.
        """
        self._elsewhere.add(path)
        return f"{ELSEWHERE}{path}"

    def leave(self, path: str) -> None:
        """Remember a file outside of the project's folder that is read where it is."""
        self._left.add(path)

    def at(self, folder: Path) -> Places:
        """Return the same places for a copy of the restored folder."""
        places = Places(self.root, folder, self._elsewhere, directory=self._directory)
        places._left = set(self._left)
        return places

    def absolute(self, text: str) -> str:
        """Return the absolute path that a word of the command names."""
        return os.path.normpath(Path(self._directory or self.root, text))

    def inside(self, path: str) -> str | None:
        """Return a path relative to the project's folder (`.` for the folder), None outside of it.

        >>> Places("/home/ada/p", Path("/new")).inside("/home/ada/p/src/a.py")
        'src/a.py'
        """
        if path == self.root:
            return "."
        start = self.root if self.root == "/" else f"{self.root}/"
        return path[len(start) :] if path.startswith(start) else None

    def moved(self, path: str) -> Path | None:
        """Return where a path of the run is now, None when it was left where it was."""
        relative = self.inside(path)
        if relative is not None:
            return self.folder / relative
        below = f"{path.rstrip('/')}/"
        if path in self._elsewhere or any(p.startswith(below) for p in self._elsewhere):
            return Path(f"{self.folder}/{ELSEWHERE}{path}")
        return None

    def in_word(self, word: str) -> str:
        """Return a word of a command with the path in it mapped: `/old/a.csv`, `--data=/old/a.csv`.

        >>> Places("/old", Path("/new")).in_word("--data=/old/a.csv")
        '--data=/new/a.csv'
        """
        name, equals, value = word.partition("=")
        if not name.startswith("/") and equals and value.startswith(("/", "../")):
            return f"{name}={self._path_in(value)}"
        return self._path_in(word)

    def in_list(self, paths: str) -> str:
        """Return a list of paths joined by `:` (PYTHONPATH), each mapped."""
        return ":".join(self._path_in(path) for path in paths.split(":"))

    def _path_in(self, text: str) -> str:
        if text.startswith("/"):
            return str(self.moved(text) or text)
        if not self._directory or not text.startswith("../"):
            return text
        path = self.absolute(text)
        if self.inside(path) is not None:
            return text  # it leads to the same place in the restored folder
        is_left = any(left == path or left.startswith(f"{path}/") for left in self._left)
        return str(self.moved(path) or (path if is_left else text))


def places_of(record: RunRecord, folder: Path) -> Places:
    """Return the places of a run that is restored in a folder."""
    return Places(root_of(record), folder, directory=str(record.birth.get("directory") or ""))


def named_paths(record: RunRecord, places: Places) -> set[str]:
    """Return the absolute paths that the command of a run and its `PYTHONPATH` name: where these
    lead is mapped, when the run is started in its restored folder.
    """
    variables = record.captured("environment").get("variables") or {}
    words = [str(word) for word in record.birth.get("command") or ()]
    texts = [*words, *(word.partition("=")[2] for word in words)]
    texts += str(variables.get("PYTHONPATH") or "").split(":")
    found = {places.absolute(text) for text in texts if text and "\0" not in text}
    script = program_of(words, str(record.birth.get("directory") or "/")).file
    if script:  # its modules lie beside it
        found.add(str(Path(places.absolute(script)).parent))
    return found - {"/"}


def root_of(record: RunRecord) -> str:
    """Return the project's folder of a run: its repository's when it was started in there, else the
    folder that its files are told from, else the working directory.
    """
    directory = str(record.birth.get("directory") or "/")
    git = record.captured("code").get("git") or {}
    told = [
        path.removesuffix(f"/{file.path}")
        for role in ROLES
        for path, file in record.files(role).items()
        if not file.path.startswith("/")
    ]
    for root in dict.fromkeys([git.get("root"), *told]):
        if root and Places(root, Path()).inside(directory) is not None:
            return str(root)
    return directory
