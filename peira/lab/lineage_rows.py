"""The questions of the lineage to the index: runs, what they made, and who met the same content.

link  (digest, role, run, path)     a file that one run wrote and another opened is one digest
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, func, or_, select

from peira.lab.index import schema
from peira.lab.query.several import among
from peira.lab.rows import COLUMNS, RunRow
from peira.record.events import Artifact, Birth

EMPTY = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
"""Digest of no bytes: that two runs met an empty file says nothing."""
MAKING = ("output", "made", "checkpoint")
TAKING = ("input", "used", schema.MAYBE)
ROWS_MAX = 1_000
"""So many rows are read at most to answer one question."""

_artifact_decoder = msgspec.json.Decoder(Artifact)
_birth_decoder = msgspec.json.Decoder(Birth)


class Shared(NamedTuple):
    """Content that one run made and another took."""

    maker: int
    made_as: str
    made_path: str
    taker: int
    taken_as: str
    digest: str


def read_runs(connection: Connection, condition: ColumnElement[bool]) -> list[RunRow]:
    """Return the runs that a condition finds, removed ones too, the newest first."""
    question = select(*COLUMNS).where(condition).order_by(schema.run.c.created.desc())
    return [RunRow(*line) for line in connection.execute(question.limit(ROWS_MAX))]


def count_followers(connection: Connection, ids: Sequence[str]) -> dict[str, int]:
    """Return how many runs repeat each run, go on from it or are a part of it, by its id."""
    found: dict[str, int] = {}
    for column in (schema.run.c.origin, schema.run.c.parent):
        question = select(column, func.count()).where(among(column, ids)).group_by(column)
        for name, count in connection.execute(question):
            found[name] = found.get(name, 0) + count
    return found


def read_forks(connection: Connection, numbers: Sequence[int]) -> dict[int, int]:
    """Return the step that each resumed run goes on from, by run number, as far as it is told."""
    run = schema.run.c
    question = select(run.n, run.birth).where(among(run.n, numbers))
    found = {}
    for n, data in connection.execute(question):
        origin = _birth_decoder.decode(data).origin
        if origin is not None and origin.how == "resume" and origin.step is not None:
            found[n] = origin.step
    return found


def read_artifacts(connection: Connection, numbers: Sequence[int]) -> dict[int, list[Artifact]]:
    """Return what runs made and used, by run number."""
    event = schema.event.c
    question = (
        select(event.run, event.data)
        .where(among(event.run, numbers), event.kind == "artifact")
        .order_by(event.n)
    )
    found: dict[int, list[Artifact]] = {}
    for n, data in connection.execute(question):
        found.setdefault(n, []).append(_artifact_decoder.decode(data))
    return found


class Met(NamedTuple):
    """Files that a run met in one role: digest and path of some of them, and how many there are."""

    files: list[tuple[str, str]]
    total: int


def read_files(
    connection: Connection, numbers: Iterable[int], role: str, limit: int
) -> dict[int, Met]:
    """Return the files that runs met in one role, by run number, the first by path.

    Files that hold nothing are left out, and so are files that the run has in an artifact, and
    those that it may have read where it surely did.
    """
    link = schema.link.c
    packed = schema.link.alias("packed")
    told = ("made", "used", "checkpoint", *(("input",) if role == schema.MAYBE else ()))
    is_packed = (
        select(packed.c.digest)
        .where(
            packed.c.digest == link.digest,
            packed.c.role.in_(told),
            packed.c.run == link.run,
        )
        .exists()
    )
    place = func.row_number().over(partition_by=link.run, order_by=link.path)
    total = func.count().over(partition_by=link.run)
    ranked = (
        select(link.run, link.digest, link.path, place.label("place"), total.label("total"))
        .where(among(link.run, list(numbers)), link.role == role, link.digest != EMPTY, ~is_packed)
        .subquery()
    )
    found: dict[int, Met] = {}
    for n, digest, path, _, count in connection.execute(
        select(ranked).where(ranked.c.place <= limit).order_by(ranked.c.run, ranked.c.place)
    ):
        found.setdefault(n, Met([], count)).files.append((digest, path))
    return found


def shared(
    connection: Connection, *, makers: Iterable[int] = (), takers: Iterable[int] = ()
) -> list[Shared]:
    """Return the content that passed from one run to another, the newest other run first.

    A run that began after the taker had ended did not make what it took. A file that the taker
    wrote itself is its own, whoever else wrote the same.

    Args:
        makers: the runs that made it, or
        takers: those that took it.
    """
    made, taken = schema.link.alias("made"), schema.link.alias("taken")
    maker, taker = schema.run.alias("maker"), schema.run.alias("taker")
    own = schema.link.alias("own")
    is_own = (
        select(own.c.digest)
        .where(own.c.digest == taken.c.digest, own.c.role.in_(MAKING), own.c.run == taken.c.run)
        .exists()
    )
    question: Select[Any] = (
        select(made.c.run, made.c.role, made.c.path, taken.c.run, taken.c.role, taken.c.digest)
        .select_from(made)
        .join(taken, taken.c.digest == made.c.digest)
        .join(maker, maker.c.n == made.c.run)
        .join(taker, taker.c.n == taken.c.run)
        .where(
            made.c.role.in_(MAKING),
            taken.c.role.in_(TAKING),
            made.c.run != taken.c.run,
            made.c.digest != EMPTY,
            maker.c.created <= func.coalesce(taker.c.ended, taker.c.seen),
            or_(taken.c.role == "used", ~is_own),
        )
        .limit(ROWS_MAX)
    )
    makers, takers = list(makers), list(takers)
    if makers:
        question = question.where(among(made.c.run, makers)).order_by(taker.c.created.desc())
    else:
        question = question.where(among(taken.c.run, takers)).order_by(maker.c.created.desc())
    return [Shared(*line) for line in connection.execute(question)]
