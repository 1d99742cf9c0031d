"""The tables of the index. All of it can be deleted and rebuilt from the plain files.

Nothing here is migrated: a file with another `SCHEMA_VERSION`, or a damaged one, is replaced and
filled again.

Names of params and metrics are stored once in `key`; `attribute` and `metric` are clustered by
(key, run), so a filter or a sort on one name reads one small range of the table.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
)

SCHEMA_VERSION = 5

metadata = MetaData()

meta = Table("meta", metadata, Column("name", Text, primary_key=True), Column("value", Text))

run = Table(
    "run",
    metadata,
    Column("n", Integer, primary_key=True),  # small number of the run inside this index only
    Column("id", Text, nullable=False, unique=True),
    Column("project", Text, nullable=False),
    Column("name", Text, nullable=False),  # the journal's name when a person gave one
    Column("group", Text),
    Column("why", Text),
    Column("parent", Text),
    Column("origin", Text),  # id of the run that this one repeats or goes on from
    Column("origin_how", Text),  # rerun | resume | repeat
    Column("sweep", Text),  # id of the sweep of which this run is a trial
    Column("trial", Integer),  # its number in it
    Column("user", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("state", Text, nullable=False),  # running | finished | failed | killed | silent
    Column("created", Float, nullable=False),
    Column("ended", Float),
    Column("duration", Float),  # seconds, monotonic; for a live run: `seen` - `created`
    Column("seen", Float, nullable=False),  # last sign of life; of a run that is over: `told`
    Column(
        "told", Float, nullable=False, default=0.0
    ),  # newest time in its lines, `created` without any
    Column("command", Text, nullable=False),
    Column("commit", Text),  # version control commit, when captured
    Column("note", Text),  # people's note (journal), else the program's
    Column("deleted", Integer, nullable=False, default=0),
    Column("sealed", Integer, nullable=False, default=0),
    Column("lost_points", BigInteger, nullable=False, default=0),
    Column("alerts", Integer, nullable=False, default=0),
    Column("rev", BigInteger, nullable=False),  # rises with every change of this run
    Column("birth", LargeBinary, nullable=False),  # run.json as read
    Column("end", LargeBinary),  # the end event as read
    Column("folder_ns", BigInteger, nullable=False, default=0),  # mtime of the folder when read
    Index("run_project_created", "project", "deleted", "created"),
    Index("run_name", "name"),
    Index("run_rev", "rev"),
    Index("run_origin", "origin"),
    Index("run_parent", "parent"),
    Index("run_sweep", "sweep", "trial"),
)

# How far each file has been read. `offset` and the facts commit together: ingest is exactly-once.
file = Table(
    "file",
    metadata,
    Column("run", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("state", LargeBinary),  # key sets declared so far, for points files
    PrimaryKeyConstraint("run", "name"),
    sqlite_with_rowid=False,
)

key = Table(
    "key",
    metadata,
    Column("n", Integer, primary_key=True),
    Column("kind", Text, nullable=False),  # param | metric
    Column("name", Text, nullable=False),
    Index("key_kind_name", "kind", "name", unique=True),
)

# Params. `num` holds numbers (booleans as 0 and 1), `text` the canonical text of every value.
attribute = Table(
    "attribute",
    metadata,
    Column("key", Integer, nullable=False),
    Column("run", Integer, nullable=False),
    Column("type", Text, nullable=False),  # null | bool | int | float | str | json
    Column("num", Float),
    Column("text", Text, nullable=False),
    PrimaryKeyConstraint("key", "run"),
    Index("attribute_run", "run"),
    sqlite_with_rowid=False,
)

# One row a run and metric. Values are NULL where there is none (all NaN: min, max and mean are
# NULL; first and last may be NaN, which SQLite cannot hold: then NULL with the text in
# `first_text`, `last_text`).
metric = Table(
    "metric",
    metadata,
    Column("key", Integer, nullable=False),
    Column("run", Integer, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("nonfinite", BigInteger, nullable=False),
    Column("first", Float),
    Column("last", Float),
    Column("min", Float),
    Column("max", Float),
    Column("mean", Float),  # of the finite values
    Column("first_text", Text),  # NaN | Infinity | -Infinity
    Column("last_text", Text),
    Column("first_step", BigInteger, nullable=False),
    Column("last_step", BigInteger, nullable=False),
    Column("min_step", BigInteger),
    Column("max_step", BigInteger),
    Column("last_time", Float, nullable=False),
    PrimaryKeyConstraint("key", "run"),
    Index("metric_run", "run"),
    sqlite_with_rowid=False,
)

# The picture of a metric: exact points up to a budget, above it buckets. Layout:
# docs/formats/overview.md.
overview = Table(
    "overview",
    metadata,
    Column("key", Integer, nullable=False),
    Column("run", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
    PrimaryKeyConstraint("key", "run"),
)

tag = Table(
    "tag",
    metadata,
    Column("name", Text, nullable=False),
    Column("run", Integer, nullable=False),
    Column("by", Text, nullable=False),  # who gave it; "" for the program itself
    PrimaryKeyConstraint("name", "run"),
    Index("tag_run", "run"),
    sqlite_with_rowid=False,
)

# Events kept as they came, for the Run screen: note, captured, media, artifact, files, checkpoint,
# dropped, alert, lost, inexact.
event = Table(
    "event",
    metadata,
    Column("n", Integer, primary_key=True),
    Column("run", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    # media key, artifact name, captured aspect, role of files, alert title; else ""
    Column("name", Text, nullable=False),
    Column("step", BigInteger),
    Column("time", Float, nullable=False),
    Column("writer", Text, nullable=False, default=""),  # whose file it stands in
    Column("data", LargeBinary, nullable=False),  # the line's JSON
    Index("event_run_kind_name", "run", "kind", "name"),
)

# Which runs met which content: files read, written and imported, artifacts, checkpoints.
MAYBE = "maybe"
"""The role of an input that a watch saw opened, perhaps by another program."""
link = Table(
    "link",
    metadata,
    Column("digest", Text, nullable=False),
    Column("run", Integer, nullable=False),
    Column("role", Text, nullable=False),  # source | input | maybe | output | made | …
    Column("path", Text, nullable=False),  # of the file; <artifact>/<path> for artifacts
    PrimaryKeyConstraint("digest", "role", "run", "path"),  # who made it: one short range
    Index("link_run", "run"),
    sqlite_with_rowid=False,
)

# What makes two runs the same experiment, part by part; each a digest, "" when it is not known.
fingerprint = Table(
    "fingerprint",
    metadata,
    Column("run", Integer, primary_key=True),
    Column("entry", Text, nullable=False),  # which program: its script or module, and its project
    Column("call", Text, nullable=False),  # how it was called: known before it runs
    Column("config", Text, nullable=False),  # params without the seed
    Column("seed", Text, nullable=False),
    Column("code", Text, nullable=False),  # text of the project files that were imported
    Column("tree", Text, nullable=False),  # the same, without comments and layout
    Column("data", Text, nullable=False),  # content of the input files
    Column("env", Text, nullable=False),  # versions of imported packages, Python, accelerator
    Index("fingerprint_entry", "entry"),
    Index("fingerprint_entry_call", "entry", "call"),
    Index("fingerprint_entry_config", "entry", "config"),
)

# Damage found while reading, each told once with its place.
problem = Table(
    "problem",
    metadata,
    Column("run", Text, nullable=False),  # run id, or "" for the journal
    Column("file", Text, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("length", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    PrimaryKeyConstraint("run", "file", "offset"),
)

# The journal's standing records; the full history stays in the journal files.
decision = Table(
    "decision",
    metadata,
    Column("kind", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("time", Float, nullable=False),
    Column("by", Text, nullable=False),
    Column("writer", Text, nullable=False),
    Column("line", BigInteger, nullable=False),
    Column("value", LargeBinary),  # JSON, NULL when taken back
    PrimaryKeyConstraint("kind", "id"),
)
