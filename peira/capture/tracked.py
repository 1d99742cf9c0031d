"""What version control holds of a run's files, at the commit it started from."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from peira.capture.git import Git

PATHS_MAX = 500
"""So many paths are named to git at once."""
ASKED_MAX = 4_000
"""So many are asked about in one go; of further ones it is not known."""


class Tracked:
    """Asks git about files, as little as possible; outside of a repository it holds nothing."""

    def __init__(self, directory: Path, timeout_s: float) -> None:
        self._directory = directory
        self._git = Git(directory, timeout_s)
        self._blobs: dict[str, str] = {}
        self._asked: set[str] = set()

    @cached_property
    def root(self) -> Path:
        """The top folder of the work tree; outside of one the directory itself."""
        return self._root or self._directory

    @cached_property
    def _root(self) -> Path | None:
        return self._git.root()

    def look_up(self, paths: Iterable[str]) -> None:
        """Ask git about these absolute paths, for `holds` and `is_known`."""
        if self._root is None:
            return
        start = f"{self._root}/"
        names = [path.removeprefix(start) for path in paths if path.startswith(start)]
        wanted = [name for name in names if name not in self._asked][:ASKED_MAX]
        self._asked.update(wanted)
        for first in range(0, len(wanted), PATHS_MAX):
            batch = wanted[first : first + PATHS_MAX]
            listed = self._git.run("ls-tree", "-z", "--full-tree", self._commit, "--", *batch)
            for line in (listed or "").split("\0"):
                facts, _, name = line.partition("\t")
                if name:
                    self._blobs[start + name] = facts.split(" ")[2]

    @cached_property
    def _commit(self) -> str:
        return (self._git.run("rev-parse", "HEAD") or "HEAD").strip()

    def holds(self, path: str, blob: str) -> bool:
        """Whether the commit holds at this path the content with git's id `blob`."""
        return self._blobs.get(path) == blob

    def is_known(self, path: str) -> bool:
        """Whether the commit holds something at this path."""
        return path in self._blobs
