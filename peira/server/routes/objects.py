"""Stored bytes: found by digest, checked against it, sent so that nothing in them runs."""

from __future__ import annotations

import os
import re
import stat
import threading
from collections.abc import Iterator
from typing import Annotated, Any, BinaryIO

from litestar import Request, Response, get
from litestar.params import FromQuery, PathParameter, QueryParameter
from litestar.response import Stream

from peira.core.errors import DamagedError, NotFoundError
from peira.data.withheld import withheld
from peira.lab.lab import Lab
from peira.server.disposition import attachment
from peira.server.media_types import sending_of
from peira.server.parameters import LabNow
from peira.server.problems import RefusedError

WHOLE_BYTES_MAX = 4 * 1024 * 1024
PIECE_BYTES = 256 * 1024
_CHECKED_MAX = 10_000
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})\Z")


@get("/api/objects/{digest:str}", sync_to_thread=True)
def stored_object(
    request: Request[Any, Any, Any],
    lab: LabNow,
    *,
    digest: Annotated[str, PathParameter(pattern=r"^[0-9a-f]{64}$")],
    mime: Annotated[str | None, QueryParameter(max_length=200)] = None,
    name: Annotated[str | None, QueryParameter(max_length=1000)] = None,
    download: FromQuery[bool] = False,
) -> Response[Any]:
    """The bytes of an object; its type comes from the server's table."""
    if digest in withheld(lab.root):
        raise NotFoundError(
            "This object has labels of a sealed hold-out in it, so it is not sent.",
            hint="peira holdout lists hold-outs; what is open of the data: peira data export.",
        )
    sending = sending_of(mime)
    headers = {
        "ETag": f'"{digest}"',
        "Cache-Control": "private, max-age=31536000, immutable",
        "Content-Security-Policy": sending.csp,
        "Accept-Ranges": "bytes",
        # Framed and drawn by the dashboard itself only.
        "X-Frame-Options": "SAMEORIGIN",
    }
    if sending.is_attachment or download:
        headers["Content-Disposition"] = attachment(name or digest[:12])
    if request.headers.get("if-none-match") == f'"{digest}"':
        return Response(b"", status_code=304, headers=headers)
    stream = open_checked(lab, digest)
    try:
        size = os.fstat(stream.fileno()).st_size
        wanted = one_range(request.headers.getall("range", []), size)
        start, end = wanted or (0, size)
        if wanted is not None:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        status = 200 if wanted is None else 206
        stream.seek(start)
        if end - start <= WHOLE_BYTES_MAX:
            data = stream.read(end - start)
            stream.close()
            return Response(
                data, status_code=status, media_type=sending.media_type, headers=headers
            )
        headers["Content-Length"] = str(end - start)
        return Stream(
            _pieces(stream, end - start),
            status_code=status,
            media_type=sending.media_type,
            headers=headers,
        )
    except BaseException:
        stream.close()
        raise


def one_range(values: list[str], size: int) -> tuple[int, int] | None:
    """Return (start, end) of the one range that is asked for, or None for the whole object.

    Several ranges, other units and nonsense get the whole object, as RFC 9110 allows.

    Raises:
        RefusedError: the range lies beyond the object.

    >>> one_range(["bytes=2-"], 10), one_range(["bytes=-3"], 10), one_range(["bytes=0-1,2-3"], 10)
    ((2, 10), (7, 10), None)
    """
    match = _RANGE.match(values[0].strip()) if len(values) == 1 else None
    if match is None or not (match[1] or match[2]):
        return None
    if match[1]:
        start, last = int(match[1]), int(match[2]) if match[2] else size - 1
        if match[2] and last < start:
            return None
        end = min(last, size - 1) + 1
    else:
        start, end = max(0, size - int(match[2])), size
    if start >= end:
        raise RefusedError(
            "range", f"The object has {size} bytes.", headers={"Content-Range": f"bytes */{size}"}
        )
    return start, end


class _Checked:
    """Files whose digest was found right, by what changes when a file does.

    Seeking in a film asks for many ranges: its digest is computed once.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, int, int, int, int], None] = {}
        self._lock = threading.Lock()

    def knows(self, digest: str, stream: BinaryIO) -> bool:
        return self._key(digest, stream) in self._known

    def add(self, digest: str, stream: BinaryIO) -> None:
        with self._lock:
            if len(self._known) >= _CHECKED_MAX:
                self._known.pop(next(iter(self._known)))
            self._known[self._key(digest, stream)] = None

    def _key(self, digest: str, stream: BinaryIO) -> tuple[str, int, int, int, int]:
        found = os.fstat(stream.fileno())
        return (digest, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


_checked = _Checked()


def open_checked(lab: Lab, digest: str) -> BinaryIO:
    """Return an object's stream; its bytes fit the digest.

    Raises:
        NotFoundError: the object is not here, or is no plain file.
        RefusedError: the bytes are others; names both digests.
    """
    known = _open_plain(lab, digest)
    if _checked.knows(digest, known):
        return known
    known.close()
    try:
        stream = lab.objects.open(digest)
    except DamagedError as error:
        found = [text for text in re.findall(r"[0-9a-f]{64}", error.message) if text != digest]
        raise RefusedError(
            "damaged",
            "The stored bytes of this object are not those it was named for.",
            hint=error.hint,
            more={"expected": digest, "found": found[0] if found else None},
        ) from error
    _checked.add(digest, stream)
    return stream


def _open_plain(lab: Lab, digest: str) -> BinaryIO:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(lab.objects.path(digest), flags)
    except OSError as error:
        raise NotFoundError(f"There is no object {digest}.") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotFoundError(f"There is no object {digest}.")
    return os.fdopen(descriptor, "rb")


def _pieces(stream: BinaryIO, size: int) -> Iterator[bytes]:
    with stream:
        while size > 0 and (piece := stream.read(min(PIECE_BYTES, size))):
            size -= len(piece)
            yield piece
