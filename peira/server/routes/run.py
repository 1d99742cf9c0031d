"""The full record of one run, and what people decide about it."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import get, patch
from litestar.params import JSONBody

from peira.core.errors import NotFoundError, UsageError
from peira.lab.lab import Lab
from peira.lab.runs import RunRecord
from peira.record.checkpoints import plain_metrics
from peira.record.events import FileRole
from peira.server.cells import cell
from peira.server.parameters import LabNow, PathText
from peira.server.records import (
    AlertDetail,
    ArtifactRow,
    CheckpointRow,
    FileList,
    FilesAnswer,
    MediaKey,
    MetricCell,
    OriginRow,
    ProblemRow,
    RunAnswer,
    RunChange,
    SeenFileRow,
)
from peira.server.routes.console import console_size
from peira.server.table import run_row


@get("/api/runs/{run:str}", sync_to_thread=True)
def run(lab: LabNow, run: PathText) -> RunAnswer:
    """Everything that is known of a run, its points apart."""
    return _answer(lab, lab.run(run))


@get("/api/runs/{run:str}/files", sync_to_thread=True)
def run_files(lab: LabNow, run: PathText) -> FilesAnswer:
    """The files that the run ran or imported, opened to read, and wrote."""
    record = lab.run(run)
    return FilesAnswer(
        source=_files(record, "source"),
        input=_files(record, "input"),
        output=_files(record, "output"),
    )


@patch("/api/runs/{run:str}", sync_to_thread=True)
def change_run(lab: LabNow, run: PathText, data: JSONBody[RunChange]) -> RunAnswer:
    """Change name, reason, note and tags; remove and undelete. All of it goes to the journal."""
    wanted = lab.run(run).id
    for tag in (*data.tags_add, *data.tags_remove):
        if "/" in tag or not tag.strip():
            raise UsageError(f"{tag!r} cannot be a tag.", hint="A tag has no slash.")
    if data.name is not msgspec.UNSET:
        lab.rename(wanted, data.name)
    if data.note is not msgspec.UNSET:
        lab.note(wanted, data.note)
    if data.why is not msgspec.UNSET:
        lab.why(wanted, data.why)
    if data.tags_add:
        lab.tag(wanted, *data.tags_add)
    if data.tags_remove:
        lab.untag(wanted, *data.tags_remove)
    if data.deleted is not msgspec.UNSET:
        (lab.remove if data.deleted else lab.undelete)(wanted)
    lab.catch_up()
    return _answer(lab, lab.run(wanted))


def _answer(lab: Lab, record: RunRecord) -> RunAnswer:
    birth = record.birth
    row = run_row(record.row, record.tags, {})
    return RunAnswer(
        **{name: getattr(row, name) for name in row.__struct_fields__},
        params=cell(record.params),
        metrics={key: _metric(summary) for key, summary in record.metrics.items()},
        captured=cell(record.captured_aspects()),
        artifacts=[
            ArtifactRow(
                name=made.name,
                type=made.type,
                role=made.role,
                time=made.time,
                metadata=cell(made.metadata),
                files=made.files,
            )
            for made in record.artifacts()
        ],
        alerts_list=[
            AlertDetail(title=alert.title, text=alert.text, level=alert.level, time=alert.time)
            for alert in record.alerts
        ],
        media=_media_keys(record),
        problems=[
            ProblemRow(file=p.file, offset=p.offset, length=p.length, reason=p.reason)
            for p in record.problems
        ],
        verifications=record.verifications,
        determinism=record.determinism,
        origin=_origin(lab, record),
        inherited=record.inherited(),
        checkpoints=[
            CheckpointRow(
                step=made.step,
                time=made.time,
                metrics=cell(plain_metrics(made.metrics)),
                files=len(made.files),
                size=sum(file.size for file in made.files),
            )
            for made in record.checkpoints()
        ],
        lost_points=record.lost_points,
        lost_reasons=record.lost_reasons(),
        seen=record.seen,
        sealed=record.sealed,
        deleted=record.deleted,
        parent=record.parent,
        sweep=record.sweep,
        trial=record.trial,
        command=birth.get("command", []),
        directory=birth.get("directory", ""),
        python=birth.get("python", ""),
        peira=birth.get("peira", ""),
        pid=birth.get("pid", 0),
        end=cell(record.end),
        console_size=console_size(lab, record.id),
    )


def _origin(lab: Lab, record: RunRecord) -> OriginRow | None:
    told = record.birth.get("origin")
    if told is None:
        return None
    try:
        name = lab.run(told["run"]).name
    except NotFoundError:
        name = None
    return OriginRow(
        how=told["how"],
        run=told["run"],
        name=name,
        step=told.get("step"),
        changed=cell(told.get("changed", {})),
    )


def _files(record: RunRecord, role: FileRole) -> FileList:
    return FileList(
        files=[
            SeenFileRow(
                path=path,
                name=file.path,
                digest=file.object,
                size=file.size,
                kept=file.kept,
                sure=file.is_sure,
                tracked=file.tracked,
                modified=file.modified or None,
                reason=file.reason,
            )
            for path, file in sorted(record.files(role).items())
        ],
        omitted=record.files_omitted(role),
        listing=record.files_listing(role),
    )


def _metric(summary: Any) -> MetricCell:
    return MetricCell(
        **{name: cell(getattr(summary, name)) for name in MetricCell.__struct_fields__}
    )


def _media_keys(record: RunRecord) -> list[MediaKey]:
    steps: dict[tuple[str, str], list[int]] = {}
    for item in record.media():
        steps.setdefault((item.key, item.type), []).append(item.step)
    return [
        MediaKey(key=key, type=type_, count=len(found), first_step=min(found), last_step=max(found))
        for (key, type_), found in sorted(steps.items())
    ]
