"""The seam `Index`: tables of `schema.py` in some database.

`peira/testing/index.py` holds the suite that every backend passes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager

from sqlalchemy import Connection, Engine

from peira.core.errors import DamagedError, LabError


class IndexDamagedError(DamagedError):
    """The index was damaged. It has been replaced by an empty one: catch up, ask again."""

    code = "index-damaged"


class IndexBusyError(LabError):
    """Another process has been writing to the index for too long."""

    code = "index-busy"


class IndexFullError(LabError):
    """There is no room for the index where it is."""

    code = "index-full"


class Index(ABC):
    """The tables of `schema.py`, filled by `Ingest` and read by the query language.

    Contract, for every backend:

    - Any number of threads and processes may use the same index at once.
    - A read sees one consistent state and is never blocked by a writer.
    - A write is one transaction: all of it, or nothing, also when the process is killed. There is
      one writer at a time.
    - An index that cannot be trusted (damaged, of another version, with foreign tables, views or
      triggers) is replaced by an empty one when it is opened or when the damage shows, by exactly
      one of the processes that notice. The row `birth` of the table `meta` then changes: what was
      remembered of an index is good only while that stays.
    """

    @property
    @abstractmethod
    def engine(self) -> Engine:
        """The SQLAlchemy engine; connections are pooled."""

    @abstractmethod
    def read(self) -> AbstractContextManager[Connection]:
        """A connection on one consistent state, for reading only.

        Raises:
            IndexFullError: there is no index yet, and no room to make one.
            IndexDamagedError: damage showed while reading.
        """

    @abstractmethod
    def write(self, *, wait_s: float = 5.0) -> AbstractContextManager[Connection]:
        """A connection within the one writing transaction; committed when the block ends well.

        Raises:
            IndexBusyError: another writer did not end within `wait_s`.
            IndexFullError: there is no room for it; nothing was written.
            IndexDamagedError: damage showed while writing; nothing was written.
        """

    @abstractmethod
    def replace(self) -> None:
        """Throw everything away; the next use finds an empty index."""

    @abstractmethod
    def close(self) -> None:
        """Close all connections. Using the index again opens it again."""
