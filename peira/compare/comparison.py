"""What a comparison of runs is made of, declared once for Python, the command line and HTTP.

    Comparison
    ├── runs: Side                 the first one is the base that deltas and changes start from
    └── sections
        ├── ValueSection           params, packages, environment, system, command, notes: `ValueRow`
        ├── MetricSection          metrics: `MetricRow`, each with its `Numbers`
        └── FileSection            code, data, files, logs: `FileRow`, each with its `Change`s of
                                   `Hunk`s

Lists named `values`, `has`, `versions`, `steps`, `deltas` have one item for each run, in the order
of `runs`. "Not recorded" is never told as "equal": `recorded` of a section says which runs recorded
anything of the kind, `has` of a row which runs have the thing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from peira.core.values import plain

RUNS_MAX = 8
LETTERS = "ABCDEFGH"
"""What a page calls the runs, in their order."""

SectionName = Literal[
    "metrics",
    "params",
    "code",
    "packages",
    "environment",
    "system",
    "data",
    "files",
    "logs",
    "command",
    "notes",
]
SECTIONS: tuple[SectionName, ...] = SectionName.__args__  # type: ignore[attr-defined]
"""The names of the sections, in the order in which they are shown."""


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One of the compared runs. Times are seconds since the epoch, durations seconds."""

    id: str
    name: str
    project: str
    state: str
    created: float
    duration: float | None
    user: str
    host: str
    script: str = ""
    """What ran, as far as it is known: a script, `-m module` or the command."""
    commit: str | None = None
    is_dirty: bool | None = None
    """Whether tracked files differed from the commit; None when nobody looked."""
    error: str = ""
    """The exception that ended the run, in one line."""


class ValueRow(msgspec.Struct, frozen=True, kw_only=True):
    """One named value in every run."""

    name: str
    values: list[Any]
    """None where the run has none, too: `has` tells."""
    has: list[bool]
    differs: bool
    is_incidental: bool = False
    """It differs in every run, or cannot matter; shown only with everything else."""
    remark: str = ""


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """One summary of a metric in every run."""

    values: list[Any]
    """Numbers; None where the run has no such value. NaN and infinity are themselves here and
    texts in JSON.
    """
    steps: list[int | None]
    deltas: list[Any]
    """Value minus that of the first run; None for the first run and where one of the two is missing
    or not finite.
    """
    winner: int | None = None
    """The run with the best finite value, of at least two that have a value; None in a tie, or when
    nothing says what is better.
    """


class MetricRow(msgspec.Struct, frozen=True, kw_only=True):
    """One metric in every run."""

    name: str
    direction: Literal["max", "min"] | None
    direction_from: Literal["goal", "name"] | None
    """Who says so: the project's goal, or a word in the metric's name."""
    last: Numbers
    best: Numbers | None
    """The highest or the lowest value at any step; None without a direction."""
    incomparable: str = ""
    """Why the numbers measure different things (other examples, another definition); then there is
    no delta and no winner.
    """
    counts: list[int]
    """Points logged; 0 where the run does not have the metric."""
    nonfinite: list[int]
    differs: bool
    is_incidental: bool = False


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A file as one run had it."""

    digest: str | None
    """BLAKE3 of the content; None when the content is not known: `reason` says why."""
    size: int | None = None
    origin: Literal["kept", "commit", "recorded", "artifact", "console"] = "recorded"
    """Where its content is: `kept` in the object store, in git at the `commit` (with the recorded
    changes), `recorded` only by its digest.
    """
    reason: str = ""
    path: str = ""
    """The path in this run, where it differs from the row's."""
    is_sure: bool = True
    """False when a watch on its folder saw it: another process may have opened it."""


class Hunk(msgspec.Struct, frozen=True, kw_only=True):
    """Some changed lines with context, as in a unified diff. Lines count from 1."""

    old_start: int
    old_count: int
    new_start: int
    new_count: int
    heading: str
    """The function or class that it is in."""
    lines: list[str]
    """Each begins with a blank (context), `-` or `+`, and has no line end. One that begins with a
    backslash says that the line before it is the last and has no line end.
    """

    @property
    def line(self) -> int:
        """The first changed line, counted in the new file."""
        context = next(i for i, line in enumerate(self.lines) if not line.startswith(" "))
        return self.new_start + context


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """How a file differs from the first run's, in the runs `to` (which all have the same)."""

    to: list[int]
    added: int
    """Lines; 0 when it was not compared line by line."""
    removed: int
    hunks: list[Hunk]
    reason: str = ""
    """Why there are no hunks, or not all."""
    is_cosmetic: bool = False
    """Only comments, docstrings or layout of Python code differ."""


class FileRow(msgspec.Struct, frozen=True, kw_only=True):
    """One file in every run: None where the run did not have it."""

    name: str
    versions: list[Version | None]
    differs: bool
    is_known: bool = True
    """False where a run had it and its content was not recorded: whether it differs is not known.
    """
    changes: list[Change] = []
    """None for versions that the first run cannot be compared with."""
    is_incidental: bool = False
    remark: str = ""


class _Section(msgspec.Struct, frozen=True, kw_only=True):
    name: SectionName
    recorded: list[bool]
    """Which runs recorded anything of the kind."""
    remarks: list[str] = []
    differing: int = 0
    """Rows that differ and may matter, shown or not."""
    equal: int = 0
    incidental: int = 0
    """Rows that differ, but in every run or without effect."""
    unknown: int = 0
    """Rows of which nobody can tell whether they differ; they are neither equal nor differing."""

    @property
    def is_known(self) -> bool:
        """Whether at least two runs recorded something of the kind, so that there is an answer."""
        return sum(self.recorded) >= 2


class ValueSection(_Section, frozen=True, kw_only=True, tag="values", tag_field="kind"):
    """Named values side by side."""

    rows: list[ValueRow]


class MetricSection(_Section, frozen=True, kw_only=True, tag="metrics", tag_field="kind"):
    """Metrics side by side."""

    rows: list[MetricRow]


class FileSection(_Section, frozen=True, kw_only=True, tag="files", tag_field="kind"):
    """Files side by side."""

    rows: list[FileRow]


Section = ValueSection | MetricSection | FileSection


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two to eight runs side by side, section by section."""

    runs: list[Side]
    sections: list[Section]

    def section(self, name: str) -> Section:
        """Return one section by name.

        Raises:
            KeyError: it was not asked for, or there is none of that name.
        """
        for section in self.sections:
            if section.name == name:
                return section
        raise KeyError(name)

    def only_differences(self) -> Comparison:
        """Return the comparison without the equal and the incidental rows; they stay counted."""
        return Comparison(runs=self.runs, sections=[_differences(s) for s in self.sections])

    def __repr__(self) -> str:
        from peira.compare.text import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from peira.compare.text import as_html

        return as_html(self)

    def to_dict(self) -> dict[str, Any]:
        """Return plain dictionaries and lists, as JSON can hold them: NaN is a text."""
        found: dict[str, Any] = plain(msgspec.to_builtins(self))
        return found


def _differences(section: Section) -> Section:
    rows: Any = [row for row in section.rows if section.is_known and is_difference(row)]
    return msgspec.structs.replace(section, rows=rows)


Row = ValueRow | MetricRow | FileRow


def is_difference(row: Row) -> bool:
    """Whether a row is shown when only differences are: it differs, or nobody knows."""
    return (row.differs and not row.is_incidental) or is_unknown(row)


def is_unknown(row: Row) -> bool:
    """Whether nobody can tell if the row differs."""
    return isinstance(row, FileRow) and not row.is_known and not row.differs


def counted(rows: Sequence[Row], recorded: Sequence[bool]) -> dict[str, Any]:
    """Return the members that every section has: who recorded, and the counts of these rows."""
    counts = {"differing": 0, "equal": 0, "incidental": 0, "unknown": len(rows)}
    if sum(recorded) >= 2:
        incidental = sum(row.differs and row.is_incidental for row in rows)
        differing = sum(row.differs for row in rows) - incidental
        unknown = sum(map(is_unknown, rows))
        counts = {
            "differing": differing,
            "equal": len(rows) - differing - incidental - unknown,
            "incidental": incidental,
            "unknown": unknown,
        }
    return {"recorded": list(recorded), **counts}
