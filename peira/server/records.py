"""Every request and answer of the HTTP API, each declared once; docs/reference/http-api.md shows
them. A cell is a number, a text, a boolean, a list or null; non-finite numbers are the texts "NaN",
"Infinity", "-Infinity". Times are seconds since the epoch.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from peira.compare.comparison import FileRow, Section, Side
from peira.lab.ancestry import Inherited
from peira.lab.lineage_graph import LineageEdge, LineageNode
from peira.lab.verifications import Determinism, Verification
from peira.record.events import File

Name = Annotated[str, Meta(min_length=1, max_length=1000)]
TagNames = Annotated[list[Annotated[str, Meta(min_length=1, max_length=200)]], Meta(max_length=100)]
RunRefs = Annotated[
    list[Annotated[str, Meta(min_length=1, max_length=200)]], Meta(max_length=10_000)
]
Direction = Literal["min", "max"]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Base of what the server sends."""


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what a client sends; unknown members are refused and named."""


class LabAnswer(Answer, frozen=True, kw_only=True):
    """What this lab is."""

    name: str
    root: str
    version: str
    runs: int
    projects: int
    rev: int
    user: str


class RunRow(Answer, frozen=True, kw_only=True):
    """A row of the runs table."""

    id: str
    name: str
    project: str
    state: str
    user: str
    host: str
    group: str | None
    created: float
    ended: float | None
    duration: float | None
    tags: list[str]
    note: str | None
    commit: str | None
    why: str | None
    alerts: int
    rev: int
    values: dict[str, Any]
    kinds: dict[str, str] = msgspec.field(default_factory=dict)
    """Of numbers that an evaluation computed, by column: equal for those that measure the same."""


class Measure(Answer, frozen=True, kw_only=True):
    """What the numbers of a kind measure, and what those of a former hold-out cost."""

    text: str
    price: str | None


class Goal(Request, frozen=True, kw_only=True):
    """What a project is after."""

    metric: Name
    direction: Direction


class Spark(Answer, frozen=True, kw_only=True):
    """The primary metric of a project's latest runs (at most 40), oldest first."""

    metric: str
    direction: Direction | None
    values: list[Any]


class ProjectRow(Answer, frozen=True, kw_only=True):
    """A project on the Home screen."""

    name: str
    runs: int
    alive: int
    failed: int
    alerts: int
    last_activity: float | None
    people: list[str]
    goal: Goal | None
    spark: Spark | None


class AlertRow(Answer, frozen=True, kw_only=True):
    """Something a person should look at, with its run."""

    run: str
    name: str
    project: str
    level: str
    title: str
    text: str
    time: float


class HomeAnswer(Answer, frozen=True, kw_only=True):
    """The Home screen."""

    projects: list[ProjectRow]
    alive: list[RunRow]
    recent: list[RunRow]
    alerts: list[AlertRow]
    rev: int


class Column(Answer, frozen=True, kw_only=True):
    """A column of a table."""

    name: str
    kind: str
    type: str


class Clause(Answer, frozen=True, kw_only=True):
    """A part of a filter that let nothing through: how many runs there are without it, and the
    whole query without it.
    """

    text: str
    without: int
    q: str


class RunsAnswer(Answer, frozen=True, kw_only=True):
    """Rows of the runs table."""

    total: int
    matched: int
    took_ms: float
    rev: int
    columns: list[Column]
    rows: list[RunRow]
    clauses: list[Clause] | None
    measures: dict[str, Measure]


class GroupCell(Answer, frozen=True, kw_only=True):
    """A number over the runs of a group; `low` and `high` are the 95 % interval of the mean."""

    n: int
    missing: int
    nonfinite: int
    mean: float | None
    std: float | None
    low: float | None
    high: float | None
    min: float | None
    max: float | None


class GroupRow(Answer, frozen=True, kw_only=True):
    """A row of the grouped table."""

    key: dict[str, Any]
    n: int
    runs: list[str]
    values: dict[str, GroupCell | None]


class GroupsAnswer(Answer, frozen=True, kw_only=True):
    """Rows of the grouped table."""

    by: list[str]
    total: int
    matched: int
    groups: int
    took_ms: float
    rev: int
    columns: list[Column]
    rows: list[GroupRow]
    notes: dict[str, str]
    """By column: why its means are over numbers that do not belong together."""


class FieldRow(Answer, frozen=True, kw_only=True):
    """A name that a query may use."""

    name: str
    kind: str
    type: str
    runs: int
    examples: list[Any]


class FieldsAnswer(Answer, frozen=True, kw_only=True):
    """Every name a query may use."""

    fields: list[FieldRow]


class CompletionRow(Answer, frozen=True, kw_only=True):
    """One way to go on."""

    insert: str
    label: str
    kind: str
    detail: str


class CompletionsAnswer(Answer, frozen=True, kw_only=True):
    """Ways to go on; each replaces the characters `from` to `to`."""

    items: list[CompletionRow]
    start: int = msgspec.field(name="from")
    end: int = msgspec.field(name="to")


class MetricRow(Answer, frozen=True, kw_only=True):
    """A metric key and the number of matched runs that have it."""

    key: str
    runs: int


class MetricsAnswer(Answer, frozen=True, kw_only=True):
    """Metric keys of the matched runs, sorted."""

    metrics: list[MetricRow]
    matched: int
    rev: int


class ViewRequest(Request, frozen=True, kw_only=True):
    """A view to keep."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    url: Annotated[str, Meta(pattern=r"\A\?", max_length=8000)]
    scope: Literal["project", "personal"] = "project"


class ViewRow(Answer, frozen=True, kw_only=True):
    """A kept view."""

    id: str
    name: str
    url: str
    by: str
    time: float
    scope: str


class ViewsAnswer(Answer, frozen=True, kw_only=True):
    """Kept views, by name."""

    views: list[ViewRow]


class Smooth(Request, frozen=True, kw_only=True):
    """How to smooth; `half_life` is in units of x."""

    kind: Literal["ema", "gaussian", "median"]
    half_life: Annotated[float, Meta(gt=0)]


class TracesRequest(Request, frozen=True, kw_only=True):
    """Which curves to draw, and how."""

    keys: Annotated[list[Name], Meta(min_length=1, max_length=64)]
    runs: RunRefs | None = None
    project: Name | None = None
    q: Annotated[str, Meta(max_length=10_000)] | None = None
    x: Name = "step"
    pixels: Annotated[int, Meta(ge=16, le=8192)] = 800
    x_min: float | None = None
    x_max: float | None = None
    smooth: Smooth | None = None
    inherited: bool = False
    group: Annotated[str, Meta(max_length=2000)] | None = None
    band: Literal["interval", "std", "range"] = "interval"


class MetricCell(Answer, frozen=True, kw_only=True):
    """A metric of one run, summed up over all its points."""

    count: int
    nonfinite: int
    first: Any
    last: Any
    min: Any
    max: Any
    mean: Any
    first_step: int
    last_step: int
    min_step: int | None
    max_step: int | None
    last_time: float


class ArtifactRow(Answer, frozen=True, kw_only=True):
    """A named tree of files."""

    name: str
    type: str
    role: str
    time: float
    metadata: dict[str, Any]
    files: list[File]


class AlertDetail(Answer, frozen=True, kw_only=True):
    """An alert of the run that is asked for."""

    title: str
    text: str
    level: str
    time: float


class MediaKey(Answer, frozen=True, kw_only=True):
    """A key under which there is something to look at."""

    key: str
    type: str
    count: int
    first_step: int
    last_step: int


class ProblemRow(Answer, frozen=True, kw_only=True):
    """Damage found while reading the run's files."""

    file: str
    offset: int
    length: int
    reason: str


class OriginRow(Answer, frozen=True, kw_only=True):
    """The earlier run that a run comes from; `name` is null when it is not in this lab."""

    how: str
    run: str
    name: str | None
    step: int | None
    changed: dict[str, Any]


class CheckpointRow(Answer, frozen=True, kw_only=True):
    """A state that the run can go on from."""

    step: int
    time: float
    metrics: dict[str, Any]
    files: int
    size: int


class RunAnswer(RunRow, frozen=True, kw_only=True):
    """The full record of a run."""

    params: dict[str, Any]
    metrics: dict[str, MetricCell]
    captured: dict[str, Any]
    artifacts: list[ArtifactRow]
    alerts_list: list[AlertDetail]
    media: list[MediaKey]
    problems: list[ProblemRow]
    verifications: list[Verification]
    determinism: Determinism | None
    origin: OriginRow | None
    inherited: list[Inherited]
    checkpoints: list[CheckpointRow]
    lost_points: int
    lost_reasons: list[str]
    seen: float
    sealed: bool
    deleted: bool
    parent: str | None
    sweep: str | None
    trial: int | None
    command: list[str]
    directory: str
    python: str
    peira: str
    pid: int
    end: dict[str, Any] | None
    console_size: int


class SeenFileRow(Answer, frozen=True, kw_only=True):
    """A file that the run met; `path` is absolute."""

    path: str
    name: str
    digest: str | None
    size: int
    kept: bool
    sure: bool
    tracked: bool
    modified: float | None
    reason: str


class FileList(Answer, frozen=True, kw_only=True):
    """Files in one role; `omitted` more were met and are not listed here. `listing` is the digest
    of an object that lists all of them, where there is one.
    """

    files: list[SeenFileRow]
    omitted: int
    listing: str | None


class FilesAnswer(Answer, frozen=True, kw_only=True):
    """The files that a run ran or imported, opened to read, and wrote."""

    source: FileList
    input: FileList
    output: FileList


class LineageAnswer(Answer, frozen=True, kw_only=True):
    """What a run comes from and what came of it; the node of the run is the first."""

    run: str
    nodes: list[LineageNode]
    edges: list[LineageEdge]
    cut: bool
    took_ms: float
    rev: int


class RunChange(Request, frozen=True, kw_only=True):
    """What a person decides about a run; absent members change nothing."""

    name: Annotated[str, Meta(max_length=200)] | msgspec.UnsetType = msgspec.UNSET
    note: Annotated[str, Meta(max_length=100_000)] | msgspec.UnsetType = msgspec.UNSET
    why: Annotated[str, Meta(max_length=10_000)] | msgspec.UnsetType = msgspec.UNSET
    tags_add: TagNames = []
    tags_remove: TagNames = []
    deleted: bool | msgspec.UnsetType = msgspec.UNSET


class ConsoleAnswer(Answer, frozen=True, kw_only=True):
    """A piece of the console log; `start`, `end` and `size` count bytes."""

    text: str
    start: int
    end: int
    size: int
    live: bool


class MediaItem(Answer, frozen=True, kw_only=True):
    """Something to look at or hear."""

    key: str
    step: int
    time: float
    type: str
    object: str
    mime: str
    size: int
    caption: str | None
    detail: dict[str, Any]


class MediaAnswer(Answer, frozen=True, kw_only=True):
    """Media of a run, by key, then step."""

    items: list[MediaItem]
    total: int


class SelectionRequest(Request, frozen=True, kw_only=True):
    """Runs to keep under a short id."""

    runs: Annotated[RunRefs, Meta(min_length=1)]


class SelectionAnswer(Answer, frozen=True, kw_only=True):
    """A kept list of runs."""

    id: str
    runs: list[str]


class CompareAnswer(Answer, frozen=True, kw_only=True):
    """Runs side by side. Lists by run are in the order of `runs`."""

    runs: list[Side]
    sections: list[Section]
    took_ms: float


class CompareFileAnswer(Answer, frozen=True, kw_only=True):
    """One file of a comparison, with all of its changed lines."""

    runs: list[Side]
    file: FileRow


class ObjectiveRow(Answer, frozen=True, kw_only=True):
    """What runs are judged by, and which side of it is better; null when nothing says."""

    name: str
    direction: Direction | None


class ImportanceRow(Answer, frozen=True, kw_only=True):
    """One param's share in who is among the best, with its error bars."""

    name: str
    importance: float
    low: float
    high: float
    clear: bool
    missing: int


class FindingRow(Answer, frozen=True, kw_only=True):
    """What the best runs have in common, and the query that finds all runs with it."""

    what: str
    query: str
    best_with: int
    best: int
    all_with: int
    runs: int


class ImportanceAnswer(Answer, frozen=True, kw_only=True):
    """What decided who is among the best; `remark` says why nothing is said."""

    objective: ObjectiveRow | None
    params: list[ImportanceRow]
    runs: int
    best: int
    left_out: int
    remark: str
    sentence: str
    findings: list[FindingRow]
    took_ms: float
    note: str = ""
    """Why values of the objective should not be held against each other, when they should not."""
