"""Sections of named values: params, packages, environment, system, command, notes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

import msgspec

from peira.compare.comparison import SectionName, ValueRow, ValueSection, counted
from peira.lab.runs import RunRecord

# Aspects that have a section of their own, or say what Peira thought of the run; every other one is
# told under "system".
_TOLD_ELSEWHERE = {
    "code", "packages", "environment", "process", "fingerprint", "launch", "repeat", "watch",
}  # fmt: skip
# What is another one in every run, or says only where things lie: it explains no result.
_OF_THE_RUN = re.compile(
    r"(^|/)(pid|uuid|addresses|file|id|job|array_task|process|executable|prefix|base_prefix"
    r"|parents|.*peak_memory.*)$"
)
_OF_THE_JOB = re.compile(
    r"(JOB_?ID|JOB_?INDEX|JOB_NAME|RUN_ID|STEP_?ID|TASK_ID|ARRAY_INDEX|PID|PORT|ADDR|HOST|ARN"
    r"|NODE_?LIST|NODE_?NAME|SUBMIT_\w+|SOCKET)$|^(VIRTUAL_ENV|CONDA_PREFIX)$"
)

ROUNDING = 1e-12
"""So large, of the larger one, a difference of two numbers may be and still be rounding."""

_NAMES = ("name", "library", "index")
"""What names an item of a list of facts."""


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal: as JSON has them, so `1` and `1.0` are, `True` and `1` not.

    >>> same(float("nan"), float("nan")), same(1, 1.0), same(True, 1), same([1], [True])
    (True, True, False, False)
    """
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    return bool(one == other)


def is_rounding(one: float, other: float) -> bool:
    """Whether two numbers differ by no more than the order of a sum explains: it proves nothing.

    >>> is_rounding(0.1 + 0.2, 0.3), is_rounding(0.9750, 0.9751)
    (True, False)
    """
    return math.isclose(one, other, rel_tol=ROUNDING)


def value_rows(found: Sequence[Mapping[str, Any] | None]) -> list[ValueRow]:
    """Return one row a name. A run of which nothing was recorded (None) makes no difference."""
    known = [values for values in found if values is not None]
    rows = []
    for name in dict.fromkeys(name for values in known for name in values):
        has = [values is not None and name in values for values in found]
        values = [None if v is None else v.get(name) for v in found]
        told = [v for v, values_of in zip(values, found, strict=True) if values_of is not None]
        is_everywhere = all(name in values_of for values_of in known)
        differs = not is_everywhere or not all(same(told[0], other) for other in told[1:])
        rows.append(ValueRow(name=name, values=values, has=has, differs=differs))
    return rows


def value_section(
    name: SectionName,
    found: Sequence[Mapping[str, Any] | None],
    rows: list[ValueRow] | None = None,
    remarks: Sequence[str] = (),
) -> ValueSection:
    """Return the section of what was `found` in each run; None where nothing was recorded."""
    rows = value_rows(found) if rows is None else rows
    return ValueSection(
        name=name,
        remarks=list(remarks),
        rows=rows,
        **counted(rows, [values is not None for values in found]),
    )


def params(records: Sequence[RunRecord]) -> ValueSection:
    """Return the inputs that the runs were given."""
    return value_section("params", [record.params for record in records])


def environment(records: Sequence[RunRecord]) -> ValueSection:
    """Return the recorded environment variables."""
    told = [record.captured("environment").get("variables") for record in records]
    found = [variables if isinstance(variables, Mapping) else None for variables in told]
    return value_section("environment", found, _told_apart(value_rows(found), _OF_THE_JOB))


def _told_apart(rows: list[ValueRow], incidental: re.Pattern[str]) -> list[ValueRow]:
    return [
        msgspec.structs.replace(row, is_incidental=bool(incidental.search(row.name)))
        for row in rows
    ]


def system(records: Sequence[RunRecord]) -> ValueSection:
    """Return the machine and whatever else was recorded around the run."""
    found: list[dict[str, Any] | None] = []
    for record in records:
        aspects = {k: v for k, v in record.captured().items() if k not in _TOLD_ELSEWHERE}
        host = aspects.pop("host", {})
        facts = dict(flat(host)) | dict(flat(aspects))
        found.append(facts or None)
    return value_section("system", found, _told_apart(value_rows(found), _OF_THE_RUN))


def command(records: Sequence[RunRecord]) -> ValueSection:
    """Return how the programs were started."""
    found = []
    for record in records:
        birth, code = record.birth, record.captured("code")
        process, launch = record.captured("process"), record.captured("launch")
        facts = {
            "command": " ".join(birth.get("command", [])),
            "script": code.get("script"),
            "module": code.get("module"),
            "directory": birth.get("directory"),
            "python": birth.get("python"),
            "peira": birth.get("peira"),
            **{name: launch.get(name) for name in ("set", "params", "metrics", "console")},
            "stdin": process.get("stdin"),
            "launched from": process.get("launched_from"),
            "parents": process.get("parents"),
        }
        found.append(dict(flat(facts)))
    return value_section("command", found, _told_apart(value_rows(found), _OF_THE_RUN))


def notes(records: Sequence[RunRecord]) -> ValueSection:
    """Return what people and programs said about the runs."""
    found = []
    for record in records:
        said = {
            "why": record.why,
            "note": record.note,
            "tags": record.tags or None,
            "group": record.group,
            "origin": f"{record.origin_how} of {record.origin}" if record.origin else None,
            "trial": f"{record.trial} of {record.sweep}" if record.sweep else None,
        }
        found.append({name: text for name, text in said.items() if text})
    return value_section("notes", found)


def _named(items: list[Any]) -> dict[str, Any]:
    """Return the items of a list by their own names, so that another order is no difference.

    Of those with the same name (the OpenBLAS of NumPy and that of SciPy) the file is told, too.
    """
    found: dict[str, Any] = {}
    for i, item in enumerate(items):
        own = item if isinstance(item, Mapping) else {}
        name = str(next((own[key] for key in _NAMES if own.get(key)), i))
        if sum(isinstance(o, Mapping) and name in map(o.get, _NAMES) for o in items) > 1:
            file = PurePath(str(own.get("file") or "")).name
            name = f"{name} {re.split('[-.]', file)[0]}".rstrip()  # what follows is a version
        found[name if name not in found else f"{name} {i}"] = item
    return found


def flat(facts: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield nested facts with their names joined by `/`; what is empty is left out."""
    for name, fact in facts.items():
        if isinstance(fact, Mapping):
            yield from flat(fact, f"{prefix}{name}/")
        elif isinstance(fact, list) and any(isinstance(item, Mapping) for item in fact):
            yield from flat(_named(fact), f"{prefix}{name}/")
        elif fact not in (None, "", []):
            yield f"{prefix}{name}", fact
