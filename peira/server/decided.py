"""What decided who is among the best of many runs: importance and the finding, for any filter."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import numpy as np
from sqlalchemy import Connection

from peira.evaluate.guard import note_of
from peira.lab.axes import Axes, Axis, literal_of, read_axes
from peira.lab.lab import Lab
from peira.lab.query import ast
from peira.server.default_axes import Objective, default_axes
from peira.server.follower import revision_of
from peira.server.records import FindingRow, ImportanceAnswer, ImportanceRow, ObjectiveRow
from peira.sweeps.finding import Finding, Findings, describe
from peira.sweeps.importance import Importance, judge_importance
from peira.sweeps.observations import Observations

PARAMS_MAX = 40
ANSWERS_MAX = 32
REPLICATES = 16
"""Thinnings for the error bars: half of what the command takes, since somebody waits."""
_LARGE = 3_000
"""Above so many runs the error bars are of fewer thinnings: they are narrow there."""

_lock = threading.Lock()
_answers: dict[tuple[str, str, str, Objective, int], ImportanceAnswer] = {}


class _Seen(NamedTuple):
    """What a question is about, read in one go."""

    objective: Objective | None
    found: Axes | None
    rev: int
    answer: ImportanceAnswer | None = None
    """The answer, when it is known."""


def decide(
    lab: Lab, query: ast.Query, project: str, choose: Callable[[Connection], Objective | None]
) -> ImportanceAnswer:
    """Return which params decided, and what the best runs have in common.

    The index is read first and let go; what takes seconds is computed from arrays, once for each
    state of the lab.

    Args:
        choose: says what runs are judged by.

    Raises:
        QueryError: the query cannot be understood.
    """
    started = time.perf_counter()

    def ask(connection: Connection) -> _Seen:
        judged, rev = choose(connection), revision_of(connection)
        if judged is None:
            return _Seen(None, None, rev)
        answer = _answers.get(_key(lab, query, project, judged, rev))
        if answer is not None:
            return _Seen(judged, None, rev, answer)
        names = default_axes(connection, query, project, count_max=PARAMS_MAX)
        names = [name for name in names if name != judged.name]
        found = read_axes(connection, query, [*names, judged.name], project=project)
        return _Seen(judged, found, rev)

    judged, found, rev, answer = lab.ask(ask)
    if judged is None:
        return _nothing("The runs have no metric to judge them by.", started)
    if found is None:
        assert answer is not None
        return answer
    key = _key(lab, query, project, judged, rev)
    with _lock:  # the same question of two tabs is worked on once
        answer = _answers.pop(key, None)
        if answer is None:
            there = ~found.axes[-1].is_missing
            ids = [id for id, is_there in zip(found.ids, there.tolist(), strict=True) if is_there]
            answer = msgspec.structs.replace(
                _judge(found, judged, started), note=note_of(lab, ids, judged.name)
            )
        _answers[key] = answer
        while len(_answers) > ANSWERS_MAX:
            _answers.pop(next(iter(_answers)))
    return answer


def _key(
    lab: Lab, query: ast.Query, project: str, objective: Objective, rev: int
) -> tuple[str, str, str, Objective, int]:
    return (str(lab.root), project, query.text, objective, rev)


def _judge(found: Axes, objective: Objective, started: float) -> ImportanceAnswer:
    axis = found.axes[-1]
    if axis.numbers is None:
        return _nothing(f"{objective.name} is no number.", started, objective)
    table = Observations.of(
        rows_of(found.axes[:-1], len(found.ids)),
        [None if value != value else value for value in axis.numbers.tolist()],
        objective.direction or "max",
    )
    replicates = REPLICATES if len(found.ids) <= _LARGE else REPLICATES // 2
    return answer_of(
        judge_importance(table, replicates=replicates), describe(table), objective, started
    )


def rows_of(axes: list[Axis], count: int) -> list[dict[str, Any]]:
    """Return a mapping a run of what it has: numbers as numbers, all else as its text."""
    rows: list[dict[str, Any]] = [{} for _ in range(count)]
    for axis in axes:
        present = np.flatnonzero(~axis.is_missing).tolist()
        if axis.numbers is None:
            assert axis.codes is not None
            codes = axis.codes.tolist()
            known = [_meant(*one) for one in zip(axis.literals, axis.categories, strict=True)]
            for n in present:
                rows[n][axis.name] = known[codes[n]]
        else:
            values: list[Any] = axis.numbers.tolist()
            if axis.is_whole:
                values = [int(v) if abs(v) < 2**53 else v for v in np.nan_to_num(values).tolist()]
            for n in present:
                rows[n][axis.name] = values[n]
    return rows


def _meant(literal: str | None, category: str) -> Any:
    """Return the value of a category: `true` is no text, and null no missing value."""
    return {"true": True, "false": False, "null": None}.get(literal or "", category)


def answer_of(
    importance: Importance, findings: Findings, objective: Objective, started: float
) -> ImportanceAnswer:
    """Return both as the API tells them."""
    return ImportanceAnswer(
        objective=ObjectiveRow(name=objective.name, direction=objective.direction),
        params=[
            ImportanceRow(
                name=one.name, importance=one.importance, low=one.low, high=one.high,
                clear=one.is_clear, missing=one.missing,
            )
            for one in importance.params
        ],
        runs=importance.runs,
        best=importance.best,
        left_out=importance.left_out,
        remark=importance.remark,
        sentence=findings.sentence,
        findings=[_finding(one) for one in findings.findings],
        took_ms=round((time.perf_counter() - started) * 1000, 3),
    )  # fmt: skip


def _finding(one: Finding) -> FindingRow:
    if one.low is None or one.high is None:
        query = f"{one.param} = {literal_of(one.value)}"
    else:
        query = f"{one.param} in {one.low!r}..{one.high!r}"
    return FindingRow(
        what=one.what, query=query, best_with=one.best_with, best=one.best,
        all_with=one.all_with, runs=one.runs,
    )  # fmt: skip


def _nothing(remark: str, started: float, objective: Objective | None = None) -> ImportanceAnswer:
    told = None
    if objective is not None:
        told = ObjectiveRow(name=objective.name, direction=objective.direction)
    return ImportanceAnswer(
        objective=told, params=[], runs=0, best=0, left_out=0, remark=remark, sentence="",
        findings=[], took_ms=round((time.perf_counter() - started) * 1000, 3),
    )  # fmt: skip
