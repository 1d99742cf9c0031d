"""The suite that every `Index` passes. Subclass it and give the fixture `make_index`:

    class TestSqliteIndex(IndexSuite):
        @pytest.fixture
        def make_index(self, tmp_path):
            return lambda: SqliteIndex(tmp_path / "index.db")

Each call of `make_index` opens the same stored index again, as another process would.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import func, insert, select

from peira.core.errors import PeiraError
from peira.lab.index import Index, IndexBusyError, schema
from peira.lab.index.upsert import insert_new, upsert

MakeIndex = Callable[[], Index]


def _put(index: Index, name: str, value: str) -> None:
    with index.write() as connection:
        connection.execute(upsert(schema.meta), {"name": name, "value": value})


def _get(index: Index, name: str) -> str | None:
    with index.read() as connection:
        return connection.execute(
            select(schema.meta.c.value).where(schema.meta.c.name == name)
        ).scalar()


class IndexSuite:
    """Behaviour that `Ingest` and the query language rely on."""

    @pytest.fixture
    def opened(self, make_index: MakeIndex) -> Iterator[Index]:
        """One open index, closed at the end."""
        index = make_index()
        yield index
        index.close()

    def test_a_new_index_has_all_tables_and_a_birth_mark(self, opened: Index) -> None:
        """The first use finds empty tables and knows which index it is."""
        with opened.read() as connection:
            for table in schema.metadata.sorted_tables:
                connection.execute(select(func.count()).select_from(table)).scalar()
        assert _get(opened, "birth")
        assert _get(opened, "rev") == "0"

    def test_what_was_written_is_there_for_others(
        self, make_index: MakeIndex, opened: Index
    ) -> None:
        """A write whose block ended well is seen by everyone, also after closing."""
        _put(opened, "a", "1")
        other = make_index()
        assert _get(other, "a") == "1"
        other.close()

    def test_a_failed_write_leaves_nothing(self, opened: Index) -> None:
        """A transaction is all or nothing."""
        with pytest.raises(RuntimeError), opened.write() as connection:
            connection.execute(upsert(schema.meta), {"name": "a", "value": "1"})
            raise RuntimeError
        assert _get(opened, "a") is None

    def test_a_read_sees_one_state(self, make_index: MakeIndex, opened: Index) -> None:
        """A writer neither blocks a reader nor changes what it sees meanwhile."""
        _put(opened, "a", "1")
        other = make_index()
        question = select(schema.meta.c.value).where(schema.meta.c.name == "a")
        with opened.read() as connection:
            assert connection.execute(question).scalar() == "1"
            _put(other, "a", "2")
            assert connection.execute(question).scalar() == "1"
        assert _get(opened, "a") == "2"
        other.close()

    def test_there_is_one_writer(self, make_index: MakeIndex, opened: Index) -> None:
        """A second writer waits, and says so when it took too long."""
        other = make_index()
        with opened.write() as connection:
            connection.execute(upsert(schema.meta), {"name": "a", "value": "1"})
            with pytest.raises(IndexBusyError), other.write(wait_s=0.05):
                pass
        _put(other, "a", "2")
        assert _get(opened, "a") == "2"
        other.close()

    def test_replacing_empties_it_for_everyone(self, make_index: MakeIndex, opened: Index) -> None:
        """After a replacement every user sees the new, empty index and its new birth mark."""
        other = make_index()
        _put(other, "a", "1")
        birth = _get(other, "birth")
        opened.replace()
        assert _get(other, "a") is None
        assert _get(opened, "birth") == _get(other, "birth") != birth
        other.close()

    def test_upsert_replaces_and_insert_new_keeps(self, opened: Index) -> None:
        """The two ways of writing a row whose key is there."""
        with opened.write() as connection:
            connection.execute(insert(schema.meta), {"name": "a", "value": "1"})
            connection.execute(insert_new(schema.meta), {"name": "a", "value": "2"})
            connection.execute(upsert(schema.meta), {"name": "b", "value": "1"})
            connection.execute(upsert(schema.meta), {"name": "b", "value": "2"})
        assert (_get(opened, "a"), _get(opened, "b")) == ("1", "2")

    def test_threads_share_it(self, opened: Index) -> None:
        """Many threads read and write one index; no write is lost."""
        failures: list[PeiraError] = []

        def work(number: int) -> None:
            try:
                for turn in range(5):
                    _put(opened, f"{number}/{turn}", "x")
                    _get(opened, "rev")
            except PeiraError as failure:
                failures.append(failure)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures
        with opened.read() as connection:
            count = connection.execute(
                select(func.count()).where(schema.meta.c.value == "x")
            ).scalar()
        assert count == 30
