"""Sections of files: a row a path, versions by digest, changes by line where they are kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import msgspec

from peira.compare.comparison import (
    LETTERS,
    Change,
    FileRow,
    FileSection,
    SectionName,
    Version,
    counted,
)
from peira.compare.textdiff import Budget, change
from peira.core.errors import DamagedError, NotFoundError
from peira.lab.lab import Lab
from peira.lab.runs import RunRecord
from peira.record.events import Artifact, FileRole, SeenFile


@dataclass(frozen=True)
class Held:
    """A version of a file, and how to read its content when that can be had."""

    version: Version
    read: Callable[[], bytes] | None = None
    dataset: str = ""
    """Of a version of a data set: its name, `digits:v3`."""


Files = Mapping[str, Held]
DATASET = "dataset"
UNSURE = "a watch saw it: another process may have opened it"


def data(lab: Lab, records: Sequence[RunRecord], budget: Budget) -> FileSection:
    """Return what the runs read: input files, and artifacts that they used."""
    return _section(lab, "data", records, budget)


def outputs(lab: Lab, records: Sequence[RunRecord], budget: Budget) -> FileSection:
    """Return what the runs wrote: output files, and artifacts that they made."""
    return _section(lab, "files", records, budget)


def _section(
    lab: Lab, name: SectionName, records: Sequence[RunRecord], budget: Budget
) -> FileSection:
    role: FileRole = "input" if name == "data" else "output"
    used = "used" if name == "data" else "made"
    found: list[dict[str, Held] | None] = []
    remarks = []
    for letter, record in zip(LETTERS, records, strict=False):
        omitted = record.files_omitted(role)
        if omitted:
            remarks.append(f"{omitted:,} more of {letter} are not listed")
        held = {file.path: seen_file(lab, file) for file in record.files(role).values()}
        for artifact in record.artifacts():
            if artifact.role == used and artifact.type == DATASET:
                held |= _dataset(artifact)
            elif artifact.role == used:
                for file in artifact.files:
                    version = Version(digest=file.object, size=file.size, origin="artifact")
                    held[f"{artifact.name}/{file.path}"] = Held(version, _reader(lab, version))
        found.append(held or None)
    return file_section(name, paired(found), budget, remarks)


def _dataset(artifact: Artifact) -> dict[str, Held]:
    """Return a version of a data set under the name that all of its versions have.

    `digits:v3:main/train` is a version of `digits:main/train`.
    """
    name, _, rest = artifact.name.partition(":")
    _, _, part = rest.partition(":")
    content = str(artifact.metadata.get("content") or "")
    rows = artifact.metadata.get("rows")
    version = Version(
        digest=content or None,
        origin="artifact",
        reason=f"a version of a data set, {rows:,} rows" if isinstance(rows, int) else "",
        path=artifact.name,
    )
    number = rest.partition(":")[0]
    return {f"{name}:{part}" if part else name: Held(version, dataset=f"{name}:{number}")}


def seen_file(lab: Lab, file: SeenFile) -> Held:
    """Return the version of a file that a run told of."""
    version = Version(
        digest=file.object,
        size=file.size,
        origin="kept" if file.kept else "recorded",
        reason=file.reason,
        is_sure=file.is_sure,
    )
    return Held(version, _reader(lab, version) if file.kept else None)


def _reader(lab: Lab, version: Version) -> Callable[[], bytes]:
    digest = version.digest or ""
    return lambda: lab.objects.read(digest)


def paired(found: Sequence[dict[str, Held] | None]) -> list[dict[str, Held] | None]:
    """Return the files with those put together that only one run has under their path: the same
    content under other paths; then the same file name in other folders, where each run has just
    one of it. The first run's path names them.
    """
    lonely = _lonely(found)
    names: dict[tuple[int, str], str] = {}
    by_content: dict[str, list[tuple[int, str]]] = {}
    for run, path, held in lonely:
        if held.version.digest:
            by_content.setdefault(held.version.digest, []).append((run, path))
    by_name: dict[str, list[tuple[int, str]]] = {}
    for run, path, _ in lonely:
        by_name.setdefault(PurePosixPath(path).name, []).append((run, path))
    recorded = sum(files is not None for files in found)
    for places, is_enough in [
        *((group, len(group) > 1) for group in by_content.values()),
        *((group, len(group) == recorded > 1) for group in by_name.values()),
    ]:
        is_one_each = len({run for run, _ in places}) == len(places)
        if is_enough and is_one_each and not any(place in names for place in places):
            names |= dict.fromkeys(places, min(places)[1])
    return [
        None if files is None else _renamed(files, {p: n for (r, p), n in names.items() if r == i})
        for i, files in enumerate(found)
    ]


def _lonely(found: Sequence[dict[str, Held] | None]) -> list[tuple[int, str, Held]]:
    """Return run, path and version of the files that no other run has under that path."""
    counts = Counter(path for files in found for path in files or ())
    return [
        (i, path, held)
        for i, files in enumerate(found)
        for path, held in (files or {}).items()
        if counts[path] == 1
    ]


def _renamed(files: dict[str, Held], names: Mapping[str, str]) -> dict[str, Held]:
    return {
        names.get(path, path): held
        if names.get(path, path) == path
        else replace(held, version=msgspec.structs.replace(held.version, path=path))
        for path, held in files.items()
    }


def file_section(
    name: SectionName,
    found: Sequence[Files | None],
    budget: Budget,
    remarks: Sequence[str] = (),
) -> FileSection:
    """Return the section of the files `found` in each run; None where nothing was recorded."""
    rows = file_rows(found, budget)
    return FileSection(
        name=name,
        remarks=list(remarks),
        rows=rows,
        **counted(rows, [files is not None for files in found]),
    )


def file_rows(found: Sequence[Files | None], budget: Budget) -> list[FileRow]:
    """Return one row a path."""
    known = [files for files in found if files is not None]
    paths = dict.fromkeys(path for files in known for path in files)
    return [
        _row(path, [None if files is None else files.get(path) for files in found], found, budget)
        for path in sorted(paths)
    ]


def _row(
    path: str, held: Sequence[Held | None], found: Sequence[Files | None], budget: Budget
) -> FileRow:
    versions = [None if h is None else h.version for h in held]
    told = [v for v, files in zip(versions, found, strict=True) if files is not None]
    digests = {None if v is None else v.digest or "?" for v in told}
    is_unknown = any(v is not None and v.digest is None for v in told)
    differs = len(digests - {"?"}) > 1
    return FileRow(
        name=path,
        versions=versions,
        differs=differs,
        is_known=not is_unknown,
        remark=_remark(versions),
        changes=_changes(path, held, found, budget) if differs else [],
    )


def _remark(versions: Sequence[Version | None]) -> str:
    there = [version for version in versions if version is not None]
    paths = dict.fromkeys(version.path for version in there if version.path)
    parts = [("" if len(paths) > 1 else "also as ") + " / ".join(paths)] if paths else []
    parts += [UNSURE] if not all(version.is_sure for version in there) else []
    return "; ".join(parts)


def _changes(
    path: str, held: Sequence[Held | None], found: Sequence[Files | None], budget: Budget
) -> list[Change]:
    """Return one change for each version that is not the first run's."""
    first = held[0]
    if found[0] is None:
        return []  # nothing is known of the first run: there is nothing to start from
    groups: dict[str | None, list[int]] = {}
    for i, other in enumerate(held):
        digest = None if other is None else other.version.digest
        if found[i] is not None and digest != (None if first is None else first.version.digest):
            groups.setdefault(digest, []).append(i)
    return [_change(path, first, held[to[0]], to, budget) for to in groups.values()]


def _change(path: str, old: Held | None, new: Held | None, to: list[int], budget: Budget) -> Change:
    if old is not None and new is not None and old.dataset and new.dataset:
        reason = f"what changed: peira data diff {old.dataset} {new.dataset}"
        return Change(to=to, added=0, removed=0, hunks=[], reason=reason)
    contents: list[bytes | None] = []
    for held in (old, new):
        if held is not None and held.read is None:
            reason = held.version.reason or "its content was not kept, only the digest"
            return Change(to=to, added=0, removed=0, hunks=[], reason=reason)
        try:
            contents.append(None if held is None or held.read is None else held.read())
        except (NotFoundError, DamagedError) as error:
            what = "damaged" if isinstance(error, DamagedError) else "gone"
            reason = f"its object in the lab is {what}"
            return Change(to=to, added=0, removed=0, hunks=[], reason=reason)
    return change(contents[0], contents[1], to, budget, is_python=path.endswith(".py"))
