"""The built dashboard: files known by name, held in memory, never opened by a request's path."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "web"
INDEX = "index.html"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
    ".txt": "text/plain; charset=utf-8",
}
_COMPRESSIBLE = (".html", ".js", ".css", ".json", ".svg", ".txt", ".webmanifest")
_BASE = re.compile(rb"<base [^>]*>", re.I)
_HEAD = re.compile(rb"<head[^>]*>", re.I)


class Asset(NamedTuple):
    """One file of the dashboard."""

    data: bytes
    zipped: bytes | None
    """gzip of the same, when that is smaller."""
    media_type: str
    etag: str


class Bundle:
    """The files below a folder, read at once. `current` reads again after a new build."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._stamp: int | None = None
        self._assets: dict[str, Asset] = {}

    def get(self, name: str) -> Asset | None:
        """Return a file by its name with `/` between folders, or None."""
        self._refresh()
        return self._assets.get(name)

    def index(self, depth: int) -> bytes | None:
        """Return the page of the dashboard for an address with `depth` folders in it, or None.

        Its `<base>` leads up to where the dashboard is served, so a proxy's prefix just works.
        """
        page = self.get(INDEX)
        if page is None:
            return None
        base = b'<base href="%s" />' % (b"../" * depth or b"./")
        if _BASE.search(page.data):
            return _BASE.sub(base, page.data, count=1)
        return _HEAD.sub(lambda match: match.group() + base, page.data, count=1)

    def _refresh(self) -> None:
        try:
            stamp = (self._folder / INDEX).stat().st_mtime_ns
        except FileNotFoundError:
            stamp = None
        if stamp == self._stamp:
            return
        self._assets = {} if stamp is None else dict(self._read())
        self._stamp = stamp

    def _read(self) -> list[tuple[str, Asset]]:
        found = []
        for path in sorted(self._folder.rglob("*")):
            media_type = _TYPES.get(path.suffix)
            if media_type is None or not path.is_file() or path.is_symlink():
                continue
            data = path.read_bytes()
            zipped = gzip.compress(data, 6, mtime=0) if path.suffix in _COMPRESSIBLE else None
            if zipped is not None and len(zipped) >= len(data):
                zipped = None
            etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
            name = path.relative_to(self._folder).as_posix()
            found.append((name, Asset(data, zipped, media_type, etag)))
        return found
