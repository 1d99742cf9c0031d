"""The index: everything in the plain files, made searchable. Deleting it loses nothing."""

from __future__ import annotations

from pathlib import Path

from peira.lab.index._base import Index, IndexBusyError, IndexDamagedError, IndexFullError
from peira.lab.index.sqlite import SqliteIndex

__all__ = [
    "Index",
    "IndexBusyError",
    "IndexDamagedError",
    "IndexFullError",
    "SqliteIndex",
    "open_index",
]


def open_index(path: Path) -> Index:
    """Return the index stored at `path`; it is made or replaced when needed, at first use."""
    return SqliteIndex(path)
