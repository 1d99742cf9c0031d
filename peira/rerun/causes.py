"""What could make two runs differ, the likeliest first.

Which kind is likely depends on how much the results differ (docs/explanation/reproduction.md):
where they are the same but for rounding, thread counts, packages and hardware come first, for they
change the order of sums; where they differ more, seeds, data, params and code do.
Source: SCIENCE.md 6.3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from peira.capture.param_roles import plain_name, role
from peira.compare.comparison import Change, Comparison, FileRow, ValueRow
from peira.compare.diff import compare
from peira.compare.textdiff import Budget
from peira.compare.values import same
from peira.lab.lab import Lab
from peira.lab.runs import RunRecord
from peira.rerun.command import arguments_apart
from peira.rerun.places import Places, root_of
from peira.rerun.scratch import recorded_settings
from peira.rerun.variables import chooses

Kind = Literal[
    "chance", "seed", "data", "config", "code", "variable", "packages", "threads", "hardware"
]

LARGE: tuple[Kind, ...] = (
    "chance", "seed", "data", "config", "code", "variable", "packages", "threads", "hardware",
)  # fmt: skip
"""The order of kinds where the results differ by more than rounding."""
ROUNDING: tuple[Kind, ...] = (
    "threads", "packages", "hardware", "variable", "code", "config", "data", "seed", "chance",
)  # fmt: skip
"""The order where they are the same but for rounding."""
WITHOUT_EFFECT = 100
"""Added to the rank of what cannot change a result: comments, names of log files."""

_NUMERIC = frozenset(
    {"numpy", "scipy", "scikit-learn", "torch", "tensorflow", "jax", "jaxlib", "xgboost",
     "lightgbm", "catboost", "pandas", "polars", "numba", "transformers"}
)  # fmt: skip
_HARDWARE = ("cpu_model", "cpu_flags", "architecture", "gpus/")
_THREAD_VARIABLES = "_NUM_THREADS"
THREADS = "threads:count"
"""The id of the cause that libraries computed with other numbers of threads."""


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """Something in which two runs differ, and that may be why."""

    id: str
    """Kind and place, such as `data:train.csv`, `code:fit.py#0`."""
    kind: Kind
    name: str
    """As people read it: `train.csv`, `fit.py:12 def loss`."""
    a: str = ""
    """As run A had it; empty where it did not have it."""
    b: str = ""
    lines: list[str] = []
    """Of code: the changed lines, marked - for A and + for B."""
    remark: str = ""
    rank: int = 0
    """The lower, the likelier."""
    is_restorable: bool = False
    """Whether a re-run can have it either way; `--bisect` tries these."""


def find_causes(lab: Lab, a: RunRecord, b: RunRecord, *, is_rounding: bool) -> list[Cause]:
    """Return what could make the results of two runs differ, the likeliest first.

    Args:
        is_rounding: whether the results are the same but for rounding.
    """
    sections = ("params", "code", "packages", "environment", "system", "data")
    found = compare(lab, [a.id, b.id], sections=sections, budget=Budget(lines=1 << 40))
    order = ROUNDING if is_rounding else LARGE
    config = list(_config(found, a, b))
    causes = [
        *_chance(a, b),
        *config,
        *_data(found),
        *_code(found),
        *_variables(found),
        *_untold_variables(a, b, is_sure=not config),
        *_packages(found, a, b),
        *_threads(found, a, b),
        *_machine(found),
    ]
    ranked = [
        msgspec.structs.replace(cause, rank=cause.rank + order.index(cause.kind))
        for cause in causes
    ]
    return sorted(ranked, key=lambda cause: cause.rank)  # stable: as they were found within a kind


def _chance(a: RunRecord, b: RunRecord) -> Iterator[Cause]:
    probes = [record.determinism for record in (a, b)]
    if any(probe is not None and not probe.is_deterministic for probe in probes):
        text = "a probe says that it is not deterministic"
        yield Cause(id="chance:", kind="chance", name="the run itself", remark=text)
    elif any(_is_unseeded(record) for record in (a, b)):
        # Below whatever differs: a program without chance sets no seed either.
        yield Cause(
            id="chance:", kind="chance", name="the run itself", remark="no seed was set",
            rank=WITHOUT_EFFECT // 2,
        )  # fmt: skip


def _is_unseeded(record: RunRecord) -> bool:
    is_fixed = record.captured("fingerprint").get("is_seed_fixed")
    return is_fixed is False and not record.captured("seeds")


def _config(found: Comparison, a: RunRecord, b: RunRecord) -> Iterator[Cause]:
    flags = arguments_apart(_command(a), _command(b))
    told = {plain_name(name) for name in flags}
    params = [{plain_name(k): v for k, v in record.params.items()} for record in (a, b)]
    for name, (old, new) in flags.items():
        if all(name in known for known in params) and same(params[0][name], params[1][name]):
            continue  # one command says what is the other's default
        yield Cause(
            id=f"config:{name}",
            kind="seed" if role(name, new or old) == "seed" else "config",
            name=name,
            a=old,
            b=new,
            rank=0 if role(name, new or old) in ("seed", "value", "path") else WITHOUT_EFFECT,
            is_restorable=True,
        )
    told |= {plain_name(name) for name in _settings_apart(a, b)}
    for name, (old, new) in _settings_apart(a, b).items():
        yield Cause(
            id=f"set:{name}", kind="seed" if role(name) == "seed" else "config", name=name,
            a=old, b=new, is_restorable=True,
        )  # fmt: skip
    for row in _rows(found, "params"):
        assert isinstance(row, ValueRow)
        plain = plain_name(row.name)
        if {plain, plain.rpartition("/")[2]} & told:
            continue
        meant = role(row.name, row.values[1])
        yield _of_row(
            row,
            id=f"param:{row.name}",
            kind="seed" if meant == "seed" else "config",
            name=row.name,
            remark="told by the code, not by the command",
            rank=WITHOUT_EFFECT if meant in ("output", "log") else 0,
        )


def _settings_apart(a: RunRecord, b: RunRecord) -> dict[str, tuple[str, str]]:
    """Return the constants that the two runs were started with other values of."""
    old, new = recorded_settings(a), recorded_settings(b)

    def told(given: Mapping[str, Any], name: str) -> str:
        return _text(given[name]) if name in given else "as in the file"

    return {
        name: (told(old, name), told(new, name))
        for name in dict.fromkeys((*old, *new))
        if name not in old or name not in new or not same(old[name], new[name])
    }


def _command(record: RunRecord) -> list[str]:
    """Return the command of a run as if its project lay where the other's lies."""
    places = Places(root_of(record), Path("/project"))
    return [places.in_word(str(word)) for word in record.birth.get("command") or ()]


def _data(found: Comparison) -> Iterator[Cause]:
    for row in _rows(found, "data"):
        assert isinstance(row, FileRow)
        change = row.changes[0] if row.changes else None
        yield Cause(
            id=f"data:{row.name}",
            kind="data",
            name=row.name,
            a=_version(row, 0),
            b=_version(row, 1),
            lines=_changed_lines(change),
            remark="" if row.is_known else "its content was not recorded",
            is_restorable=row.is_known
            and not any(v and v.origin == "artifact" for v in row.versions),
        )


def _code(found: Comparison) -> Iterator[Cause]:
    for row in _rows(found, "code"):
        assert isinstance(row, FileRow)
        change = row.changes[0] if row.changes else None
        is_cosmetic = change is not None and change.is_cosmetic
        remark = "only comments or layout" if is_cosmetic else ""
        rank = WITHOUT_EFFECT if is_cosmetic else 0
        if change is None or not change.hunks or None in row.versions:
            yield Cause(
                id=f"code:{row.name}", kind="code", name=row.name, a=_version(row, 0),
                b=_version(row, 1), lines=_changed_lines(change), is_restorable=True,
                remark=remark or (change.reason if change else ""), rank=rank,
            )  # fmt: skip
            continue
        for i, hunk in enumerate(change.hunks):
            yield Cause(
                id=f"code:{row.name}#{i}",
                kind="code",
                name=f"{row.name}:{hunk.new_start} {hunk.heading}".rstrip(),
                lines=[line for line in hunk.lines if line[:1] in "+-"],
                remark=remark,
                rank=rank,
                is_restorable=True,
            )


def _variables(found: Comparison) -> Iterator[Cause]:
    for row in _rows(found, "environment"):
        assert isinstance(row, ValueRow)
        if chooses(row.name):
            yield _of_row(
                row,
                id=f"variable:{row.name}",
                kind="threads" if row.name.endswith(_THREAD_VARIABLES) else "variable",
                name=row.name,
                is_restorable=True,
            )


def _untold_variables(a: RunRecord, b: RunRecord, *, is_sure: bool) -> Iterator[Cause]:
    """Variables that the code reads and whose values are not recorded, for they are on no allow
    list: the digest of what was chosen tells that one of them differs.

    Args:
        is_sure: nothing else that was chosen differs.
    """
    prints = [record.captured("fingerprint") for record in (a, b)]
    configs = [found.get("config") for found in prints]
    if not all(configs) or configs[0] == configs[1]:
        return
    told = [record.captured("environment").get("variables") or {} for record in (a, b)]
    read = sorted({name for found in prints for name in found.get("variables") or ()})
    untold = [name for name in read if chooses(name) and not any(name in known for known in told)]
    for name in untold:
        differs = "differs" if is_sure and len(untold) == 1 else "may differ"
        remark = f"the code reads it; it {differs}, but only PEIRA_VARIABLES={name} records it"
        rank = 0 if is_sure else WITHOUT_EFFECT // 2
        yield Cause(id=f"untold:{name}", kind="variable", name=name, remark=remark, rank=rank)


def _packages(found: Comparison, a: RunRecord, b: RunRecord) -> Iterator[Cause]:
    versions = [str(record.captured("python").get("version") or "") for record in (a, b)]
    if all(versions) and versions[0] != versions[1]:
        yield Cause(
            id="packages:python", kind="packages", name="Python", a=versions[0], b=versions[1],
            is_restorable=True,
        )  # fmt: skip
    rows = [row for row in _rows(found, "packages") if isinstance(row, ValueRow)]
    for row in sorted(rows, key=lambda row: row.name not in _NUMERIC):
        yield _of_row(
            row,
            id=f"packages:{row.name}",
            kind="packages",
            name=row.name,
            is_restorable=True,
        )


def _threads(found: Comparison, a: RunRecord, b: RunRecord) -> Iterator[Cause]:
    """Other thread counts of numerical libraries, where no variable says why."""
    counts = [threads_of(record) for record in (a, b)]
    is_told = any(cause.kind == "threads" for cause in _variables(found))
    if None not in counts and counts[0] != counts[1] and not is_told:
        yield Cause(
            id=THREADS, kind="threads", name="threads of numerical libraries", a=str(counts[0]),
            b=str(counts[1]), is_restorable=True,
        )  # fmt: skip


def threads_of(record: RunRecord) -> int | None:
    """Return with how many threads the numerical libraries of a run computed."""
    libraries = record.captured("numerics").get("libraries") or ()
    return max((int(one["threads"]) for one in libraries if one.get("threads")), default=None)


def _machine(found: Comparison) -> Iterator[Cause]:
    """Hardware, and how libraries use it, a line each: none of it can be restored."""
    told: dict[str, list[ValueRow]] = {}
    for row in _rows(found, "system"):
        assert isinstance(row, ValueRow)
        if row.name.endswith(("/threads", "/library", "/kind", "_bytes")):
            continue
        if row.name.startswith((*_HARDWARE, "numerics/")):
            told.setdefault(row.name.rpartition("/")[0] or row.name, []).append(row)
    for name, rows in told.items():
        sides = [" ".join(_text(row.values[i]) for row in rows if row.has[i]) for i in range(2)]
        yield Cause(id=f"machine:{name}", kind="hardware", name=name, a=sides[0], b=sides[1])


def _rows(found: Comparison, name: str) -> Sequence[Any]:
    """Return the rows of a section that differ, or may differ, and are not incidental."""
    section = found.section(name)
    return [
        row
        for row in section.rows
        if (row.differs and not row.is_incidental)
        or (isinstance(row, FileRow) and not row.is_known and not row.differs)
    ]


def _version(row: FileRow, side: int) -> str:
    version = row.versions[side]
    if version is None:
        return ""
    return f"{version.size:,} bytes, {version.digest[:8]}" if version.digest else version.reason


def _changed_lines(change: Change | None) -> list[str]:
    hunks = change.hunks if change is not None else []
    return [line for hunk in hunks for line in hunk.lines if line[:1] in "+-"]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(_plain(value)).decode()


def _of_row(row: ValueRow, **facts: Any) -> Cause:
    """Return a cause with the value of each run as text, empty where it has none."""
    texts = [_text(v) if has else "" for v, has in zip(row.values, row.has, strict=True)]
    return Cause(a=texts[0], b=texts[1], **facts)


def _plain(value: Any) -> Any:
    from peira.core.values import plain

    return plain(value)


def blocks(causes: Sequence[Cause]) -> list[list[str]]:
    """Return the ids of causes that a re-run can have either way and that can have an effect, in
    blocks of one kind, the likeliest first.
    """
    found: dict[str, list[str]] = {}
    for cause in causes:
        if cause.is_restorable and cause.rank < WITHOUT_EFFECT:
            found.setdefault(cause.kind, []).append(cause.id)
    return list(found.values())


def by_id(causes: Sequence[Cause]) -> Mapping[str, Cause]:
    """Return causes by their ids."""
    return {cause.id: cause for cause in causes}
