"""DuckDB, which writes and reads the Parquet files of sealed runs: one quiet database in memory a
process, a cursor a use.
"""

from __future__ import annotations

import os
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY_MAX = "1GB"
"""What is larger goes to files beside what is written."""

_lock = threading.Lock()
_database: DuckDBPyConnection | None = None
_process = 0


def cursor() -> DuckDBPyConnection:
    """Return a fresh cursor, for one thread; close it."""
    global _database, _process
    import duckdb

    with _lock:
        # A fork leaves the threads of the database behind; the child opens its own.
        if _database is None or _process != os.getpid():
            _database = duckdb.connect(
                ":memory:",
                config={
                    "memory_limit": MEMORY_MAX,
                    "autoinstall_known_extensions": "false",
                    "temp_directory": str(Path(tempfile.gettempdir()) / f"peira-{os.getpid()}"),
                    "threads": str(min(4, os.cpu_count() or 1)),
                },
            )
            _process = os.getpid()
        return _database.cursor()
