"""The comparability guard of tables: which numbers in a column measure the same.

A number is of one kind with another when examples, true values, evaluator, task and classes are
equal (`comparable.py`). A column with numbers of several kinds is marked: each number has a letter,
and each letter says what it measures. Numbers that a program only logged, in a column where others
were evaluated, are a kind of their own: nobody knows on which examples. Source: SCIENCE 1.10.
"""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import select

from peira.evaluate.comparable import kind
from peira.evaluate.price import price_of
from peira.lab.cells import read_cells
from peira.lab.groups import GroupTable
from peira.lab.index import schema
from peira.lab.lab import Lab
from peira.lab.query.names import read_name, split_aggregate
from peira.lab.query.several import among
from peira.record.events import Evaluation

LOGGED = "logged"
"""The kind of numbers that no evaluation computed."""


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """What the numbers of a kind measure."""

    text: str
    words: str
    """The text without digests: enough where no other kind in the column reads the same."""
    price: str | None = None
    """What they cost, when they are of a hold-out that was unsealed."""


class Guard(msgspec.Struct, frozen=True, kw_only=True):
    """The kinds of the numbers in a table."""

    kinds: dict[int, dict[str, str]]
    """By the number of the run, then by the key of the metric; only numbers of evaluations."""
    measures: dict[str, Measure]


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be said of a column: a letter for each of its kinds, and what they are."""

    letters: dict[str, str]
    notes: list[str]

    @property
    def text(self) -> str:
        """All of it in one line."""
        several = len(self.letters) > 1 and any(self.letters.values())
        return "; ".join((["not comparable"] if several else []) + self.notes)


def read_guard(lab: Lab, runs: Sequence[int], keys: Sequence[str]) -> Guard:
    """Return the kinds of the metrics `keys` of runs, given by their numbers in the index."""
    names = {
        "/".join(parts[:length])
        for parts in (key.split("/") for key in keys)
        for length in range(1, len(parts))
    }
    if not names or not runs:
        return Guard(kinds={}, measures={})
    event = schema.event.c
    question = (
        select(event.run, event.data)
        .where(
            event.kind == "evaluation",
            among(event.run, list(runs)),
            among(event.name, sorted(names)),
        )
        .order_by(event.n)
    )
    rows = lab.ask(lambda connection: connection.execute(question).all())
    kinds: dict[int, dict[str, str]] = {}
    measures: dict[str, Measure] = {}
    for run, data in rows:
        evaluation = msgspec.json.decode(data, type=Evaluation)
        found = kind(evaluation)
        if found not in measures:
            measures[found] = _measure(lab, evaluation)
        for metric in evaluation.metrics:
            key = f"{evaluation.name}/{metric}"
            if key in keys:
                kinds.setdefault(run, {})[key] = found  # the last one stands
    return Guard(kinds=kinds, measures=measures)


def marks(guard: Guard, columns: Mapping[str, Sequence[int]]) -> dict[str, Mark]:
    """Return the marks of the columns that need one.

    Args:
        columns: by the key of the metric, the numbers of the runs that have a value.
    """
    found = {}
    for key, runs in columns.items():
        own = [guard.kinds.get(run, {}).get(key, LOGGED) for run in runs]
        different = list(dict.fromkeys(own))
        if set(different) <= {LOGGED}:
            continue
        costs = [c for k in different if (c := measure_of(guard, k).price) is not None]
        if len(different) == 1 and not costs:
            continue
        letters = {
            name: letter_of(place) if len(different) > 1 else ""
            for place, name in enumerate(different)
        }
        told = [measure_of(guard, kind) for kind in different]
        is_plain = len({measure.words for measure in told}) == len(told)
        notes = [
            f"{letters[kind]}: {measure.words if is_plain else measure.text}"
            for kind, measure in zip(different, told, strict=True)
            if letters[kind]
        ]
        found[key] = Mark(letters=letters, notes=notes + list(dict.fromkeys(costs)))
    return found


def key_of(name: str) -> str:
    """Return the key of the metric that the name of a column means: `dev/accuracy.max` is of
    `dev/accuracy`.
    """
    found = read_name(name)
    return found.key if found.quoted else split_aggregate(found.key)[0]


def note_of(lab: Lab, ids: Sequence[str], name: str) -> str:
    """Return what is to be said of the values of runs, given by their ids, in one column; empty
    when they may be held against each other.
    """
    key = key_of(name)
    if "/" not in key or not ids:
        return ""
    question = select(schema.run.c.n).where(among(schema.run.c.id, ids))
    numbers = lab.ask(lambda connection: list(connection.scalars(question)))
    mark = marks(read_guard(lab, numbers, [key]), {key: numbers}).get(key)
    return "" if mark is None else mark.text


def notes_of_groups(lab: Lab, table: GroupTable) -> dict[str, str]:
    """Return, by column of a table of groups, what is to be said of its means: over numbers of
    several kinds they mean nothing.
    """
    metrics = [column for column in table.columns if column.kind == "metric"]
    ids = [id for row in table for id in row.runs]
    question = select(schema.run.c.n).where(among(schema.run.c.id, ids))
    numbers = lab.ask(lambda connection: list(connection.scalars(question)))
    guard = read_guard(lab, numbers, [column.field.key for column in metrics])
    if not guard.measures:
        return {}
    values = lab.ask(lambda connection: read_cells(connection, metrics, numbers))
    found = {}
    for column, known in zip(metrics, values, strict=True):
        key = column.field.key
        mark = marks(guard, {key: list(known)}).get(key)
        if mark is not None:
            found[column.name] = mark.text
    return found


def measure_of(guard: Guard, name: str) -> Measure:
    """Return what a kind measures."""
    text = "logged by the program, on unknown examples"
    return guard.measures.get(name, Measure(text=text, words=text))


def letter_of(place: int) -> str:
    """Return the letter of a kind by its place: a, b, … z, aa, ab, …"""
    letters = string.ascii_lowercase
    return (letter_of(place // 26 - 1) if place >= 26 else "") + letters[place % 26]


def _measure(lab: Lab, evaluation: Evaluation) -> Measure:
    where = ""
    if evaluation.dataset is not None:
        where = f" of {evaluation.dataset.partition(':')[0]}:{evaluation.split}"
    price = price_of(lab, evaluation)
    count = f"{evaluation.rows:,} example{'' if evaluation.rows == 1 else 's'}{where}"
    return Measure(
        words=f"{count}, {evaluation.task}",
        text=f"{count} ({evaluation.ids[:6]}, labels"
        f" {evaluation.labels[:6]}), {evaluation.task} by evaluator {evaluation.evaluator[:6]}",
        price=None if price is None or price.is_sealed else price.text,
    )
