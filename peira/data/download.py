"""A file from the web, on its way into a version: streamed, whole or not at all."""

from __future__ import annotations

import base64
import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from peira.core.errors import LabError, UsageError
from peira.core.version import __version__
from peira.data.intake import Progress, Taken
from peira.record.folder import make_lab

PIECE_BYTES = 1 << 20
TIMEOUT_S = 60.0


class Download(NamedTuple):
    """A file that was fetched, and where it came from, without credentials."""

    path: Path
    source: str


def is_url(text: str) -> bool:
    """Whether a text is an address that `download` takes.

    >>> is_url("https://example.org/iris.csv"), is_url("iris.csv")
    (True, False)
    """
    return text.lower().startswith(("http://", "https://"))


def plain(url: str) -> str:
    """Return an address without user, password, query and fragment: signed addresses carry their
    keys in the query.

    >>> plain("https://ada:secret@example.org/iris.csv?signature=abc")
    'https://example.org/iris.csv'
    """
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


@contextmanager
def download(root: Path, url: str, on_progress: Progress | None = None) -> Iterator[Download]:
    """Fetch a file into the lab's folder, and take it away again at the end.

    Args:
        root: the lab; the file is as large as it is, and /tmp may be small.

    Raises:
        UsageError: it is no such address.
        LabError: it cannot be fetched, or ended early.
    """
    try:
        parts = urlsplit(url)
        name = _file_name(parts)
        request = _request(parts)
    except ValueError as error:
        raise UsageError(f"{plain_or(url)} is no address: {error}.") from error
    make_lab(root)
    with TemporaryDirectory(prefix=".download-", dir=root) as folder:
        path = Path(folder, name)
        try:
            _fetch(request, path, on_progress)
        except urllib.error.HTTPError as error:
            error.close()
            raise LabError(
                f"{plain(url)} cannot be fetched: {error.code} {error.reason}.",
                hint="Open it in a browser; an address may want a user: https://user:password@…",
            ) from error
        except (OSError, EOFError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise LabError(f"{plain(url)} cannot be fetched: {reason!s:.300}.") from error
        yield Download(path, plain(url))


def plain_or(url: str) -> str:
    """Return an address without credentials, also of a text that is none."""
    return re.sub(r"//[^/@]*@", "//", url)[:200]


def _file_name(parts: SplitResult) -> str:
    name = unquote(parts.path.rstrip("/").rpartition("/")[2])
    return re.sub(r"[^\w.+ -]+", "-", name).lstrip(".")[:200] or "data"


def _request(parts: SplitResult) -> urllib.request.Request:
    if not parts.hostname:
        raise ValueError("it names no host")
    host = parts.netloc.rpartition("@")[2]
    address = urlunsplit((parts.scheme, host, parts.path or "/", parts.query, ""))
    request = urllib.request.Request(address, headers={"User-Agent": f"peira/{__version__}"})
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        token = base64.b64encode(pair.encode()).decode("ascii")
        # Not sent on to where the server redirects to.
        request.add_unredirected_header("Authorization", f"Basic {token}")
    return request


def _fetch(request: urllib.request.Request, path: Path, on_progress: Progress | None) -> None:
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer, path.open("wb") as out:
        length = int(answer.headers.get("Content-Length") or 0)
        done = 0
        while piece := answer.read(PIECE_BYTES):
            out.write(piece)
            done += len(piece)
            if on_progress is not None:
                on_progress(Taken(0, 1, done, max(done, length)))
        if length and done != length:
            raise EOFError(f"it ended after {done:,} of {length:,} bytes")
