"""The records of a run folder, each declared once.

`Birth` is `run.json`. Everything else is one line of `events.jsonl`, told apart by its field
`kind`. A reader skips kinds and fields it does not know and says so. Times are seconds since the
Unix epoch. See `docs/formats/run-folder.md`.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

FORMAT = 1

Value = None | bool | int | float | str
"""A param's value. Non-finite floats are stored as `{"float": "NaN"}` (or `Infinity`, `-Infinity`);
lists as lists.
"""

EndStatus = Literal["finished", "failed", "killed"]
MediaType = Literal["image", "audio", "video", "table", "histogram", "figure", "text", "html"]
AlertLevel = Literal["info", "warning", "error"]
Relation = Literal["rerun", "resume", "repeat"]
FileRole = Literal["source", "input", "output"]


class Origin(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The earlier run that a run comes from. (`Birth.parent` is another thing: the run that this
    one is a part of.)
    """

    how: Relation
    """`rerun`: the same again from its record; `resume`: goes on from its checkpoint; `repeat`: the
    same once more on purpose.
    """
    run: str
    step: int | None = None
    """The step of the checkpoint that a resumed run goes on from, and every re-run of it."""
    changed: dict[str, Any] = msgspec.field(default_factory=dict)
    """What was changed on purpose, by name."""


class Birth(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The birth certificate of a run, written once, atomically, before anything else."""

    format: int
    id: str
    name: str
    project: str
    created: float
    group: str | None = None
    why: str | None = None
    parent: str | None = None
    origin: Origin | None = None
    sweep: str | None = None
    """The sweep of which this run is a trial, and the trial's number in it."""
    trial: int | None = None
    user: str = ""
    host: str = ""
    boot: str = ""
    """Identity of the machine's boot: a pid means something only together with it."""
    pid: int = 0
    pid_started: float = 0.0
    """When the process was started, seconds since the boot: tells a re-used pid apart."""
    command: list[str] = msgspec.field(default_factory=list)
    directory: str = ""
    python: str = ""
    peira: str = ""


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    """Base of the lines of `events.jsonl`."""

    time: float


class Params(Event, frozen=True, kw_only=True, tag="params"):
    """Inputs of the run. Nested names are joined with `/`. A later value of the same name replaces
    the earlier one.
    """

    values: dict[str, Any]


class Tags(Event, frozen=True, kw_only=True, tag="tags", omit_defaults=True):
    """Tags given or taken by the program itself. People's tags are in the journal."""

    add: list[str] = msgspec.field(default_factory=list)
    remove: list[str] = msgspec.field(default_factory=list)


class Note(Event, frozen=True, kw_only=True, tag="note"):
    """A note in Markdown by the program; a later one is added below the earlier ones."""

    text: str


class Captured(Event, frozen=True, kw_only=True, tag="captured"):
    """What the run recorded by itself about one aspect: `code`, `host`, `packages`, `environment`,
    …
    """

    aspect: str
    value: dict[str, Any]


class Media(Event, frozen=True, kw_only=True, tag="media", omit_defaults=True):
    """Something to look at or hear, under a key, at a step. The object is in the store before this
    line is written.
    """

    key: str
    step: int
    type: MediaType
    object: str
    """BLAKE3 digest of the bytes, 64 hex digits."""
    mime: str
    size: int
    caption: str | None = None
    detail: dict[str, Any] = msgspec.field(default_factory=dict)
    """Small facts for drawing: width, height, sample rate, or a histogram's `edges` and `counts`.
    """


class File(msgspec.Struct, frozen=True):
    """One file of an artifact. `path` is relative, with `/`, and never leaves the artifact."""

    path: str
    object: str
    size: int


class Artifact(Event, frozen=True, kw_only=True, tag="artifact", omit_defaults=True):
    """A named tree of files that the run made (or used)."""

    name: str
    type: str
    role: Literal["made", "used"] = "made"
    files: list[File]
    metadata: dict[str, Any] = msgspec.field(default_factory=dict)


class SeenFile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file that a run imported, opened or wrote."""

    path: str
    """Relative, with `/`, when it lies in the run's folder `Files.root`; else absolute."""
    object: str | None = None
    """BLAKE3 digest of its content; None when it is not known, and `reason` says why."""
    size: int = 0
    kept: bool = False
    """Whether the content is in the store."""
    is_sure: bool = True
    """False when a watch on its folder saw it: another process may have opened it."""
    tracked: bool = False
    """Whether version control holds exactly this content at the run's commit."""
    modified: float = 0.0
    """When it was changed last, as it was met."""
    reason: str = ""
    """Why there is no digest or no content, or what else is to be known of it."""


class Files(Event, frozen=True, kw_only=True, tag="files", omit_defaults=True):
    """Files that a run met: `source` files it ran or imported, `input` files it opened to read,
    `output` files it wrote. Later lines add to earlier ones; a path told again replaces.
    """

    role: FileRole
    files: list[SeenFile]
    root: str = ""
    """The folder that relative paths start from."""
    omitted: int = 0
    """So many more were met and are not listed here."""
    listing: str | None = None
    """Digest of the object that lists all files of this role, as `FileListing`."""


class FileListing(msgspec.Struct, frozen=True, kw_only=True):
    """All files of a role that are too many for an event: a JSON object in the store."""

    root: str
    files: list[SeenFile]


class Evaluation(Event, frozen=True, kw_only=True, tag="evaluation", omit_defaults=True):
    """Predictions of the run's model on named examples, and the metrics computed from them."""

    name: str
    task: str
    """`binary`, `multiclass`, `multilabel`, `regression`, `ranking`, `detection`, `segmentation` or
    `text`.
    """
    rows: int
    """Examples that were evaluated."""
    metrics: dict[str, Any]
    """Values by name; of a sealed hold-out none, but the answer of the look."""
    evaluator: str
    """Digest of task, metric definitions, their options and the libraries' versions: numbers of
    two evaluators are not of one kind.
    """
    ids: str
    """Digest of the ids of the examples, sorted: numbers on other examples are not comparable."""
    labels: str
    """Digest of the true values in the order of the sorted ids."""
    step: int | None = None
    dataset: str | None = None
    """`name:vN`"""
    content: str | None = None
    """Content digest of the version."""
    split: str | None = None
    """`split/part`"""
    classes: list[str] = msgspec.field(default_factory=list)
    samples: str | None = None
    """Object: Parquet with a row an example; None of a sealed hold-out."""
    scores: str | None = None
    """Object: `.npy`, float32, (examples, classes), in the order of the rows of `samples`."""
    inputs: str | None = None
    """Object: data manifest of what was shown to the model, to look at; None when the data version
    has it.
    """
    look: int | None = None
    """Which look at the hold-out this was, from 1; None elsewhere."""


class Checkpoint(Event, frozen=True, kw_only=True, tag="checkpoint", omit_defaults=True):
    """A state that the run can go on from."""

    step: int
    files: list[File]
    format: str = "files"
    """How the state is written: `files` as the program made them; `plain` (see
    `docs/formats/checkpoint.md`); or a file of another library, which Peira never loads.
    """
    metrics: dict[str, Any] = msgspec.field(default_factory=dict)
    """Metric values at that step, by key; the policy and `best` read them."""


class Dropped(Event, frozen=True, kw_only=True, tag="dropped"):
    """Checkpoints that the policy keeps no more, by step: those told above this line in the same
    file. Their objects may go.
    """

    steps: list[int]


class Output(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that a cell put out, as text."""

    kind: Literal["stdout", "stderr", "result", "display", "error"]
    text: str
    omitted: int = 0
    """So many characters in the middle are left out."""


class Cell(Event, frozen=True, kw_only=True, tag="cell", omit_defaults=True):
    """A cell of a notebook that was executed: told when it begins, and again when it has ended. The
    later line of an index stands.
    """

    index: int
    """0 for the first cell that is told, in the order of execution."""
    source: str
    count: int | None = None
    """The number that the notebook shows, `In [3]`."""
    outputs: list[Output] = msgspec.field(default_factory=list)
    duration_s: float | None = None
    """None while it has not ended, and for a cell that ran before the run began."""
    is_earlier: bool = False
    """Whether it ran before the run began, in the same kernel: what follows may need it."""


class Alert(Event, frozen=True, kw_only=True, tag="alert", omit_defaults=True):
    """Something a person should look at."""

    title: str
    text: str = ""
    level: AlertLevel = "warning"


class Lost(Event, frozen=True, kw_only=True, tag="lost"):
    """Records that could not be written since the last such line, and why. Honest gaps are counted
    gaps.
    """

    points: int
    events: int
    reason: str


class Inexact(Event, frozen=True, kw_only=True, tag="inexact"):
    """A metric value that float64 cannot hold was rounded; here it is as given."""

    key: str
    step: int
    given: str


class Alive(Event, frozen=True, kw_only=True, tag="alive"):
    """A sign of life when nothing else was written for a while."""


class Failure(msgspec.Struct, frozen=True):
    """The exception that ended a run."""

    type: str
    message: str
    traceback: str


class End(Event, frozen=True, kw_only=True, tag="end", omit_defaults=True):
    """The run has ended. `duration_s` is of the monotonic clock, so a jump of the wall clock does
    not change it.
    """

    status: EndStatus
    duration_s: float
    exit_code: int | None = None
    signal: str | None = None
    error: Failure | None = None
    peak_memory_bytes: int | None = None


AnyEvent = (
    Params
    | Tags
    | Note
    | Captured
    | Media
    | Artifact
    | Files
    | Evaluation
    | Checkpoint
    | Dropped
    | Cell
    | Alert
    | Lost
    | Inexact
    | Alive
    | End
)
