"""Points of a run -> rows of `metric` and `overview`."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Container, Iterable
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import select

from peira.lab import overview_codec
from peira.lab.index import schema
from peira.lab.ingest_facts import Facts, Row
from peira.lab.overview import Overview, Spans

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from peira.record.points import Block

    Columns = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]

KEYS_PER_SELECT = 500


class Fold:
    """The metrics of one run while points are added to them, in one transaction.

    `is_new` says that the index holds no points of the run yet, which spares looking.
    """

    def __init__(self, facts: Facts, run: int, *, is_new: bool) -> None:
        self._facts = facts
        self._run = run
        self._is_new = is_new
        self._overviews: dict[str, Overview] = {}
        self._touched: set[str] = set()

    def add(self, writer: str, blocks: Iterable[Block]) -> int:
        """Add the rows of a piece of a points file, in file order; returns the number of points."""
        by_key = columns_by_key(blocks)
        self._load(by_key)
        count = 0
        spans: Spans = {}
        for name, (steps, times, values) in by_key.items():
            count += len(values)
            self._overviews[name].section(writer).append(steps, times, values, spans)
        self._touched.update(by_key)
        return count

    def add_series(self, writer: str, name: str, columns: Columns) -> None:
        """Add points of one metric."""
        self._load([name])
        self._overviews[name].section(writer).append(*columns)
        self._touched.add(name)

    def finish(self) -> None:
        """Hand the changed metrics over to be written."""
        memo: overview_codec.Memo = {}
        for name in self._touched:
            overview = self._overviews[name]
            ids = {"key": self._facts.key("metric", name), "run": self._run}
            data = overview_codec.encode(overview, memo)
            self._facts.put(schema.metric, ids | metric_row(overview))
            self._facts.put(schema.overview, ids | {"data": data})
        self._touched.clear()
        self._overviews.clear()
        self._is_new = False

    def _load(self, names: Iterable[str]) -> None:
        """Have an overview for each name, from the index where it is there."""
        missing = {name for name in names if name not in self._overviews}
        if not missing:
            return
        for name in missing:
            self._overviews[name] = Overview()
        if self._is_new:
            return
        self._facts.flush()
        numbers = {self._facts.key("metric", name): name for name in missing}
        wanted = list(numbers)
        table = schema.overview
        for start in range(0, len(wanted), KEYS_PER_SELECT):
            part = wanted[start : start + KEYS_PER_SELECT]
            rows = self._facts.connection.execute(
                select(table.c.key, table.c.data).where(
                    table.c.key.in_(part), table.c.run == self._run
                )
            )
            for number, data in rows:
                self._overviews[numbers[number]] = overview_codec.decode(data)


def columns_by_key(
    blocks: Iterable[Block], wanted: Container[str] | None = None
) -> dict[str, Columns]:
    """Return steps, times and values of each metric (or of those wanted), in the order of rows."""
    parts: dict[str, list[tuple[Block, int]]] = defaultdict(list)
    for block in blocks:
        values = np.ascontiguousarray(block.values.T)  # (keys, rows)
        block = block._replace(values=values)
        for number, name in enumerate(block.keys):
            if wanted is None or name in wanted:
                parts[name].append((block, number))
    found: dict[str, Columns] = {}
    for name, pieces in parts.items():
        if len(pieces) == 1:
            block, number = pieces[0]
            found[name] = (block.steps, block.times, block.values[number])
            continue
        order = np.argsort(np.concatenate([block.rows for block, _ in pieces]), kind="stable")
        found[name] = (
            np.concatenate([block.steps for block, _ in pieces])[order],
            np.concatenate([block.times for block, _ in pieces])[order],
            np.concatenate([block.values[number] for block, number in pieces])[order],
        )
    return found


def metric_row(overview: Overview) -> Row:
    """Return the columns of `metric` that an overview decides."""
    totals = overview.totals()
    finite = totals.count - totals.nonfinite
    mean = totals.sum / finite if finite else math.nan
    return {
        "count": totals.count,
        "nonfinite": totals.nonfinite,
        "first": totals.first if math.isfinite(totals.first) else None,
        "last": totals.last if math.isfinite(totals.last) else None,
        "min": totals.min,
        "max": totals.max,
        "mean": mean if math.isfinite(mean) else None,
        "first_text": nonfinite_text(totals.first),
        "last_text": nonfinite_text(totals.last),
        "first_step": totals.first_step,
        "last_step": totals.last_step,
        "min_step": totals.min_step,
        "max_step": totals.max_step,
        "last_time": totals.last_time,
    }


def nonfinite_text(value: float) -> str | None:
    """Return the word for NaN and the infinities, None for finite numbers."""
    if math.isfinite(value):
        return None
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"
