"""What tracked files differ from a commit in: a diff that `git apply` takes, and the digest of each
changed file.

The diff stands in the facts when it is short, else in an object, whole in both cases. A file that
may hold secrets is not in it. Where a secret was taken out of a file's part, that part does not
apply, and the file is named.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from peira.capture.git import Git
from peira.capture.redaction import PLACEHOLDER, is_secret_file, redact_source
from peira.capture.settings import CaptureSettings
from peira.capture.surroundings import Keep

_FILES_MAX = 1_000
"""So many changed files are told one by one."""
_DIGEST_BYTES_MAX = 1 << 30
"""So much is read to tell digests; data is an input of the run, and is told as one."""
_READ_BYTES = 1 << 20
_PIECE_CHARACTERS = 32 * 1024
"""So much is searched for secrets at a time: a longer piece would keep training waiting."""


class Changed(NamedTuple):
    """A tracked file that is not as the commit has it."""

    path: str
    """Relative to the root."""
    what: str
    """`added`, `changed` or `deleted`."""


def changes(
    git: Git,
    root: Path,
    base: str,
    changed: list[Changed],
    *,
    settings: CaptureSettings,
    keep: Keep | None,
) -> dict[str, Any]:
    """Return `changed` (each file with `path`, `what`, and the digest of its content as `object`),
    and the diff against `base`: `diff` or `diff_object`, its size, and what is not in it.

    Args:
        base: a commit, or a tree.
        keep: stores a diff that is too long for an event.
    """
    secret = {file.path for file in changed if is_secret_file(file.path)}
    left_out = [{"path": path, "reason": "may hold secrets"} for path in sorted(secret)]
    parts: list[bytes] = []
    redacted: list[str] = []
    redactions = 0
    for part in _parts(git, base, changed, secret, settings=settings, left_out=left_out):
        path = _path_of(part)
        clean = _without_secrets(part)
        found = clean.count(PLACEHOLDER.encode()) - part.count(PLACEHOLDER.encode())
        if found:
            redacted.append(path)
            redactions += found
        parts.append(clean)
    facts = _told(b"".join(parts), settings, keep)
    facts |= {"diff_left_out": left_out[:_FILES_MAX], "diff_redactions": redactions}
    facts |= {"diff_redacted": redacted} if redacted else {}
    # A digest of a file with a password in it would help to guess the password.
    hidden = secret | set(redacted)
    facts["changed"] = list(_files(root, changed[:_FILES_MAX], hidden))
    omitted = len(changed) - _FILES_MAX
    return facts | ({"changed_omitted": omitted} if omitted > 0 else {})


def _told(diff: bytes, settings: CaptureSettings, keep: Keep | None) -> dict[str, Any]:
    facts: dict[str, Any] = {"diff_bytes": len(diff)}
    if len(diff) <= settings.diff_inline_bytes_max:
        try:
            return facts | {"diff": diff.decode("utf-8")}
        except UnicodeDecodeError:
            pass  # text of an older encoding: in JSON it would not stay what it is
    if keep is None:
        return facts | {"diff": None, "diff_error": "it is long, and there was no place to keep it"}
    try:
        return facts | {"diff_object": keep(diff)}
    except OSError as error:
        return facts | {"diff": None, "diff_error": f"it could not be kept: {error.strerror}"}


def _parts(
    git: Git,
    base: str,
    changed: list[Changed],
    secret: set[str],
    *,
    settings: CaptureSettings,
    left_out: list[dict[str, str]],
) -> Iterator[bytes]:
    """Yield the diff file by file. When the whole is too large, as many whole files as fit."""
    without = [f":(top,exclude,literal){path}" for path in secret]
    bytes_max, timeout_s = settings.diff_bytes_max, 3 * settings.git_timeout_s
    whole = _diff(git, base, [":(top)", *without], bytes_max)
    if whole is not None:
        yield from _split_by_file(whole)
        return
    room, until_s = bytes_max, time.monotonic() + timeout_s
    for number, file in enumerate(file for file in changed if file.path not in secret):
        part = None
        if number < _FILES_MAX and room > 0 and time.monotonic() < until_s:
            part = _diff(git, base, [f":(top,literal){file.path}"], room)
        if part is None:
            reason = f"git diff failed, took too long, or there was no room in {bytes_max:,} bytes"
            left_out.append({"path": file.path, "reason": reason})
            continue
        room -= len(part)
        yield part


def _diff(git: Git, base: str, paths: list[str], bytes_max: int) -> bytes | None:
    return git.read(
        "diff", base, "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", "--binary",
        "--full-index", "--ignore-submodules=untracked", "--submodule=short", "--src-prefix=a/",
        "--dst-prefix=b/", "--unified=3", "--", *paths,
        bytes_max=bytes_max,
    )  # fmt: skip


def _split_by_file(diff: bytes) -> Iterator[bytes]:
    # Lines of content start with a blank, + or -, so this start of a line is always a new file.
    start = 0
    while diff:
        end = diff.find(b"\ndiff --git ", start)
        if end < 0:
            yield diff[start:]
            return
        yield diff[start : end + 1]
        start = end + 1


def _path_of(part: bytes) -> str:
    """`diff --git a/X b/X` (no renames): both halves name the same file."""
    line = part.partition(b"\n")[0].removeprefix(b"diff --git ").decode("utf-8", "replace")
    return line[: len(line) // 2].removeprefix('"').removesuffix('"').removeprefix("a/")


def _without_secrets(part: bytes) -> bytes:
    if b"\nGIT binary patch\n" in part:
        return part
    # Bytes of another encoding must come out as they went in.
    text = part.decode("utf-8", "surrogateescape")
    if "-----BEGIN" in text:  # a key has several lines: it must not be cut in two
        pieces: list[str] = [text]
    else:
        pieces = list(_pieces(text))
    clean = []
    for piece in pieces:
        clean.append(redact_source(piece))
        time.sleep(0)  # let training have the interpreter
    return "".join(clean).encode("utf-8", "surrogateescape")


def _pieces(text: str) -> Iterator[str]:
    start = 0
    while start < len(text):
        end = text.find("\n", start + _PIECE_CHARACTERS) + 1 or len(text)
        yield text[start:end]
        start = end


def _files(root: Path, changed: list[Changed], hidden: set[str]) -> Iterator[dict[str, Any]]:
    """Yield the changed files, with the digest of those that hold no secret."""
    room = _DIGEST_BYTES_MAX
    for file in changed:
        facts: dict[str, Any] = {"path": file.path, "what": file.what}
        if file.what != "deleted":
            if file.path in hidden:
                facts["reason"] = "it may hold secrets"
            else:
                facts |= _content(root / file.path, room)
                room -= facts.get("size", 0)
        yield facts


def _content(path: Path, room: int) -> dict[str, Any]:
    from blake3 import blake3

    try:
        if path.is_symlink():
            return {"link": str(path.readlink())}
        size = path.stat().st_size
        if size > room:
            return {"size": 0, "reason": f"too large to be read beside training: {size:,} bytes"}
        hasher, size = blake3(), 0
        with path.open("rb", buffering=0) as stream:
            while piece := stream.read(_READ_BYTES):
                hasher.update(piece)
                size += len(piece)
    except OSError as error:
        return {"reason": f"it could not be read: {error.strerror}"}
    return {"object": hasher.hexdigest(), "size": size}
