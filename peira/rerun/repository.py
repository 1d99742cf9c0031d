"""The files of a commit, read from the repository of a run without touching it.

Blobs are read as git stores them: no checkout, no filter, no hook, nothing written into the
repository. Where the repository is gone, the commit is fetched from the recorded remote into a
temporary one.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from peira.capture.git import Git

READ_TIMEOUT_S = 120.0
FETCH_TIMEOUT_S = 600.0
PIECE_BYTES = 64 << 20
"""Blobs are read in pieces of about this size."""
PROTOCOLS = "https:ssh:git:file"
"""How a remote may be reached; `ext::` would start any program."""

_FULL_NAME = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_EXECUTABLE, _LINK, _SUBMODULE = "100755", "120000", "160000"


class TreeFile(NamedTuple):
    """A file of a commit."""

    path: str
    blob: str
    size: int
    is_executable: bool = False
    is_link: bool = False


class Commit:
    """A commit whose files can be had. Use it as a context manager."""

    def __init__(self, git: Git, name: str, where: str) -> None:
        self._git = git
        self.name = name
        self.where = where
        """The repository: a folder or the address of the remote."""
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    def files(self) -> list[TreeFile] | None:
        """Return the files of the commit; None when git cannot read it."""
        listed = self._git.read(
            "ls-tree", "-r", "-l", "-z", "--full-tree", self.name, bytes_max=PIECE_BYTES
        )
        if listed is None:
            return None
        found = []
        for line in listed.split(b"\0"):
            facts, tab, path = line.partition(b"\t")
            if not tab:
                continue
            mode, _, blob, size = facts.decode().split()
            name = path.decode("utf-8", "surrogateescape")
            if mode != _SUBMODULE:  # its files are in another repository
                found.append(TreeFile(name, blob, int(size), mode == _EXECUTABLE, mode == _LINK))
        return found

    def contents(self, files: Sequence[TreeFile]) -> Iterator[tuple[TreeFile, bytes | None]]:
        """Yield the files with their bytes, in pieces of bounded size; None for those that git does
        not give (a partial clone).
        """
        piece: list[TreeFile] = []
        size = 0
        for file in files:
            if piece and size + file.size > PIECE_BYTES:
                yield from self._read(piece)
                piece, size = [], 0
            piece.append(file)
            size += file.size
        yield from self._read(piece)

    def _read(self, files: Sequence[TreeFile]) -> Iterator[tuple[TreeFile, bytes | None]]:
        wanted = "".join(f"{file.blob}\n" for file in files).encode()
        room = sum(file.size + 128 for file in files) + 1024
        answer = self._git.read("cat-file", "--batch", given=wanted, bytes_max=room) or b""
        at = 0
        for file in files:
            head, _, _ = answer[at : at + 256].partition(b"\n")
            if not head.endswith(f" blob {file.size}".encode()):
                yield file, None
                at += len(head) + 1
                continue
            start = at + len(head) + 1
            yield file, answer[start : start + file.size]
            at = start + file.size + 1


def find_commit(facts: dict[str, Any]) -> Commit | None:
    """Return the commit that a run recorded (`git` of its aspect `code`) where it can be had: in
    the repository that it lay in, else from its remote. None when neither has it.
    """
    name = facts.get("commit")
    if not isinstance(name, str) or not _FULL_NAME.fullmatch(name):
        return None
    found = local_commit(Path(str(facts.get("root") or "/nowhere")), name)
    if found is not None:
        return found
    remote = facts.get("remote")
    return _fetch(remote, name) if isinstance(remote, str) and remote else None


def local_commit(root: Path, name: str) -> Commit | None:
    """Return a commit of the repository in a folder, by its full name; None when it is not there.

    A record comes from anywhere: without the full name nothing of a repository can be read by it.
    """
    if not _FULL_NAME.fullmatch(name) or not root.is_dir():
        return None
    git = Git(root, READ_TIMEOUT_S)
    return Commit(git, name, str(root)) if git.root() is not None and _has(git, name) else None


def _has(git: Git, name: str) -> bool:
    return git.run("cat-file", "-e", f"{name}^{{commit}}") is not None


def _fetch(remote: str, name: str) -> Commit | None:
    """Fetch one commit into a temporary repository, which goes when the commit is closed."""
    if remote.startswith("-"):
        return None
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="peira-git-")))
        git = Git(folder, FETCH_TIMEOUT_S, protocols=PROTOCOLS)
        if git.run("init", "--quiet", "--bare") is None:
            return None
        fetched = git.run("fetch", "--quiet", "--depth=1", "--no-tags", "--", remote, name)
        if fetched is None or not _has(git, name):
            return None
        commit = Commit(git, name, remote)
        commit._open = opened.pop_all()
        return commit
    return None
