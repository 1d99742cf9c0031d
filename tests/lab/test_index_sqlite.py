"""The index in SQLite: the suite of all indexes, and what only a file can suffer."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from peira.lab.index import Index, IndexDamagedError, SqliteIndex, schema
from peira.lab.index.upsert import upsert
from peira.testing.index import IndexSuite


class TestSqliteIndex(IndexSuite):
    """The suite on a file."""

    @pytest.fixture
    def make_index(self, tmp_path: Path) -> Callable[[], Index]:
        return lambda: SqliteIndex(tmp_path / "index.db")


def birth(index: Index) -> str:
    with index.read() as connection:
        question = select(schema.meta.c.value).where(schema.meta.c.name == "birth")
        return str(connection.execute(question).scalar())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A stored, closed index."""
    path = tmp_path / "index.db"
    index = SqliteIndex(path)
    birth(index)
    index.close()
    return path


def reopened(path: Path) -> str:
    index = SqliteIndex(path)
    try:
        return birth(index)
    finally:
        index.close()


def change(path: Path, *statements: str) -> None:
    raw = sqlite3.connect(path)
    for statement in statements:
        raw.execute(statement)
    raw.commit()
    raw.close()


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER INSERT ON meta BEGIN DELETE FROM run; END",
        "CREATE VIEW v AS SELECT * FROM run",
        "CREATE TABLE more (x)",
        "ALTER TABLE tag ADD COLUMN more",
        "DROP TABLE tag",
        "PRAGMA user_version=999",
        "PRAGMA application_id=1",
        "DELETE FROM meta",
    ],
)
def test_a_foreign_file_is_replaced(path: Path, statement: str) -> None:
    """Triggers, views and odd tables are never used, nor is another version."""
    before = reopened(path)
    change(path, statement)
    assert reopened(path) != before
    assert not [n for n in path.parent.iterdir() if n.name.startswith(".index")]


def test_the_same_file_is_kept(path: Path) -> None:
    """Opening again replaces nothing."""
    assert reopened(path) == reopened(path)


@pytest.mark.parametrize("size", [0, 1, 50, 100, 4096, 9000])
def test_a_truncated_file_is_replaced(path: Path, size: int) -> None:
    """Whatever is left of the file, the next user has a good index."""
    before = reopened(path)
    with path.open("r+b") as stream:
        stream.truncate(size)
    assert reopened(path) != before


def test_deleted_while_in_use(path: Path) -> None:
    """A connection never answers from a file that is gone."""
    index = SqliteIndex(path)
    before = birth(index)
    path.unlink()
    assert birth(index) != before
    index.close()


def test_overwritten_while_in_use(path: Path) -> None:
    """Who opens an overwritten file replaces it, and then everyone has the new one."""
    index = SqliteIndex(path)
    before = birth(index)
    path.write_bytes(b"x" * path.stat().st_size)
    assert reopened(path) != before
    assert birth(index) == reopened(path)
    index.close()


def test_damage_that_shows_while_reading(path: Path) -> None:
    """It is told once; then there is a good, empty index."""
    index = SqliteIndex(path)
    with index.write() as connection:
        rows = [{"name": f"{n}", "value": "x" * 100} for n in range(2_000)]
        connection.execute(upsert(schema.meta), rows)
    index.close()
    # Few pages, near the end: those of the rows, not of the names that are looked up at opening.
    with path.open("r+b") as stream:
        stream.seek(path.stat().st_size * 3 // 4)
        stream.write(b"\xff" * 24_000)
    with pytest.raises(IndexDamagedError), index.read() as connection:
        connection.execute(select(schema.meta)).all()
    with index.read() as connection:
        assert len(connection.execute(select(schema.meta)).all()) == 3
    index.close()


def test_a_copy_beside_a_log_of_another_file_is_replaced(path: Path) -> None:
    """An old file put under a living write-ahead log is not mixed with it."""
    old = path.with_name("old.db")
    shutil.copy(path, old)
    index = SqliteIndex(path)
    with index.write() as connection:
        connection.execute(upsert(schema.meta), {"name": "a", "value": "1"})
    before = birth(index)
    assert path.with_name("index.db-wal").stat().st_size > 0
    old.replace(path)
    assert birth(index) != before
    index.close()


@pytest.mark.parametrize("count", [4, pytest.param(16, marks=pytest.mark.soak)])
def test_parallel_openers_of_a_bad_file_agree(path: Path, count: int) -> None:
    """Processes that find an old version at once end with one new index."""
    change(path, "PRAGMA user_version=0")
    text = (
        "import sys; from pathlib import Path; from peira.lab.index import SqliteIndex;"
        "from tests.lab.test_index_sqlite import birth;"
        "index = SqliteIndex(Path(sys.argv[1])); print(birth(index)); index.close()"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", text, str(path)], stdout=subprocess.PIPE)
        for _ in range(count)
    ]
    told = {process.communicate()[0] for process in running}
    assert all(process.returncode == 0 for process in running)
    assert told == {reopened(path).encode() + b"\n"}
