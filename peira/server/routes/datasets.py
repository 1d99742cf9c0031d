"""Data under version: the Data pages."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from litestar import Response, get
from litestar.params import FromPath, QueryParameter
from numpy.typing import NDArray

from peira.core.errors import NotFoundError, UsageError
from peira.data import look, relations, sealed, splits
from peira.data.add import IMAGES
from peira.data.catalog import Catalog, Version
from peira.data.checks.labelled import with_labels
from peira.data.checks.version import Question, known_findings
from peira.data.dataset import Dataset
from peira.data.diff import DataDiff, compare
from peira.data.pixels import FILE_BYTES_MAX, columns_in_file, pixels_of, shows_pictures
from peira.data.profile import Profile, known_profile, profile
from peira.data.reference import PartRows, count_rows, open_reference, parse
from peira.data.rows import Columns
from peira.lab.lab import Lab
from peira.server.cells import cell
from peira.server.dataset_records import (
    ColumnRow,
    DataDiffAnswer,
    DataSamplesAnswer,
    DatasetAnswer,
    DatasetRow,
    DatasetsAnswer,
    FindingsRow,
    PartRow,
    RunName,
    SplitRow,
    TransformRow,
    VersionAnswer,
    VersionRow,
)
from peira.server.parameters import LabNow, PathText
from peira.server.pictures import picture_of_row, pictured

Number = FromPath[int]
PAGE_MAX = 1_000
PROFILED_BYTES_MAX = 4_000_000
COMPARED_BYTES_MAX = 64_000_000
"""Both versions are read whole: larger ones would take longer than a request may."""


@get("/api/datasets", sync_to_thread=True)
def datasets(lab: LabNow) -> DatasetsAnswer:
    """The data sets of the lab."""
    catalog = Catalog(lab.root)
    found = []
    for name in catalog.names():
        versions = list(catalog.versions(name))
        found.append(
            DatasetRow(
                name=name,
                versions=len(versions),
                latest=VersionRow(**_row(catalog, versions[-1])),
            )
        )
    return DatasetsAnswer(datasets=found)


@get("/api/datasets/{name:str}", sync_to_thread=True)
def dataset(lab: LabNow, name: PathText) -> DatasetAnswer:
    """The versions of a data set."""
    catalog = Catalog(lab.root)
    catalog.find(name)
    versions = reversed(list(catalog.versions(name)))
    return DatasetAnswer(
        name=name, versions=[VersionRow(**_row(catalog, version)) for version in versions]
    )


@get("/api/datasets/{name:str}/{number:int}", sync_to_thread=True)
def version(lab: LabNow, name: PathText, number: Number) -> VersionAnswer:
    """One version: columns, splits, lineage, users, and what the checks found."""
    catalog = Catalog(lab.root)
    found = catalog.find(f"{name}:v{number}")
    whole = Dataset(lab.root, found)
    every = _splits(whole) if whole.manifest.ids is not None else []
    counts = count_rows(whole, every) if every else []
    parts = [_split(whole, *pair) for pair in zip(every, counts, strict=True)]
    asked: list[str | None] = [part.name for part in parts] or [None]
    if whole.manifest.ids is None:
        asked = []
    made, profiled = found.transform, _profile(whole)
    pictures = shows_pictures(whole, profiled)
    return VersionAnswer(
        **_row(catalog, found),
        label=whole.label,
        reference=None if whole.reference is None else str(whole.reference),
        columns=[ColumnRow(name=c.name, dtype=c.dtype, shape=c.shape) for c in whole.schema],
        splits=parts,
        made_by=None
        if made is None
        else TransformRow(name=made.name, code=made.code, params=cell(made.params)),
        children=[VersionRow(**_row(catalog, c)) for c in relations.children(catalog, found)],
        users=relations.users(lab, found),
        checks=[_findings(whole, split) for split in asked],
        profile=profiled,
        pictures=pictures,
        pictures_of=None if pictures else _pictures_of(whole),
        pixels=pixels_of(whole, profiled),
    )


@get("/api/datasets/{name:str}/{number:int}/samples", sync_to_thread=True)
def data_samples(
    lab: LabNow,
    *,
    name: PathText,
    number: Number,
    part: Annotated[str | None, QueryParameter(max_length=1_000)] = None,
    label: Annotated[str | None, QueryParameter(max_length=10_000)] = None,
    offset: Annotated[int, QueryParameter(ge=0, le=2**53)] = 0,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)] = 100,
) -> DataSamplesAnswer:
    """Rows of a version or of a part of a split, of all labels or of one, page by page."""
    ref = f"{name}:v{number}"
    seen = open_reference(lab.root, ref if part is None else f"{ref}:{part}")
    return _samples(seen, label, slice(offset, offset + limit))


@get("/api/datasets/{name:str}/{number:int}/picture/{id:str}", sync_to_thread=True)
def data_picture(lab: LabNow, name: PathText, number: Number, id: PathText) -> Response[bytes]:
    """A row as a PNG: of this version, or of the one that it was made from."""
    whole = Dataset(lab.root, Catalog(lab.root).find(f"{name}:v{number}"))
    look.row_of(whole, id)  # another row of the parent is none of this version
    shown = pictured(whole) or whole
    return Response(
        picture_of_row(shown, look.row_of(shown, id)),
        media_type="image/png",
        headers={"Cache-Control": "private, max-age=86400"},
    )


@get("/api/datasets/{name:str}/{number:int}/diff", sync_to_thread=True)
def data_diff(
    lab: LabNow,
    *,
    name: PathText,
    number: Number,
    other: Annotated[str, QueryParameter(min_length=1, max_length=1_000)],
) -> DataDiffAnswer:
    """What changed from another version to this one, and what the same recipe scores on both."""
    catalog = Catalog(lab.root)
    after = Dataset(lab.root, catalog.find(f"{name}:v{number}"))
    before = Dataset(lab.root, parse(lab.root, other).version)
    size = before.manifest.size + after.manifest.size
    if size > COMPARED_BYTES_MAX:
        raise UsageError(
            f"{before.ref} and {after.ref} are too large to be compared by a request.",
            hint=f"peira data diff {before.ref} {after.ref}",
        )
    found = compare(before, after, lab)
    return DataDiffAnswer(
        before=VersionRow(**_row(catalog, before.version)),
        after=VersionRow(**_row(catalog, after.version)),
        diff=found,
        runs=_runs_of(lab, found),
    )


HANDLERS = [datasets, dataset, version, data_samples, data_picture, data_diff]


def _runs_of(lab: Lab, found: DataDiff) -> dict[str, RunName]:
    ids = {id for score in found.scores for id in (*score.runs_before, *score.runs_after)}
    records = [lab.run(id) for id in sorted(ids)]
    return {record.id: RunName(record.name, record.project) for record in records}


def _row(catalog: Catalog, found: Version) -> dict[str, Any]:
    opened = look.read_manifest(Dataset.store(catalog.root).root, found.manifest)
    aliases = catalog.aliases(found.name)
    return {
        "name": found.name,
        "number": found.number,
        "content": found.content,
        "kind": opened.kind,
        "type": opened.type,
        "rows": opened.rows,
        "size": opened.size,
        "created": found.created,
        "by": found.by,
        "source": found.source,
        "parent": found.parent,
        "transform": None if found.transform is None else found.transform.name,
        "run": found.run,
        "note": found.note,
        "aliases": sorted(alias for alias, number in aliases.items() if number == found.number),
    }


def _splits(whole: Dataset) -> list[splits.Split]:
    """Return the splits that hold for a version: its own and those of what it was made from."""
    names = Catalog(whole.root).ancestry(whole.version)
    return [
        splits.read(whole.root, owner, name)
        for owner in names
        for name in splits.listed(whole.root, owner)
    ]


def _split(whole: Dataset, split: splits.Split, counts: dict[str, PartRows]) -> SplitRow:
    return SplitRow(
        name=split.name,
        dataset=split.dataset,
        kind=split.kind,
        seed=split.seed,
        column=split.column,
        version=split.version,
        parts=[
            PartRow(
                name=name,
                rows=rows.seen,
                withheld=rows.withheld,
                sealed=sealed.seal_of(whole.root, split, name) is not None,
            )
            for name, rows in counts.items()
        ],
    )


def _findings(whole: Dataset, split: str | None) -> FindingsRow:
    known = known_findings(whole.root, whole.version, Question(split=split))
    if known is not None:
        known = with_labels(whole, known, bytes_max=FILE_BYTES_MAX)
    return FindingsRow(split=split, findings=known)


def _profile(whole: Dataset) -> Profile | None:
    """Return what was computed before; only a small version is worth the wait of a request."""
    if whole.manifest.ids is not None and whole.manifest.size <= PROFILED_BYTES_MAX:
        return profile(whole)
    return known_profile(whole)


def _pictures_of(whole: Dataset) -> str | None:
    """Return the version that shows the rows of one that shows none itself; None also when that has
    other rows.
    """
    shown = pictured(whole)
    if shown is None or shown.manifest.ids is None:
        return None
    return shown.ref if np.isin(whole.ids[:PAGE_MAX], shown.ids).all() else None


def _samples(seen: Dataset, label: str | None, page: slice) -> DataSamplesAnswer:
    if seen.manifest.ids is None:
        raise UsageError(f"{seen.ref} is a folder of files; it has no rows.")
    pixels = pixels_of(seen)
    left_out = set() if pixels is None else set(pixels.columns)
    left_out.update(seen.hidden)
    names = [c.name for c in seen.schema if not c.shape and c.name not in left_out]
    rows = np.arange(len(seen))
    if label is not None:
        if seen.label is None or seen.label not in names:
            raise NotFoundError("These rows have no labels to choose by.")
        labels = _at(seen, rows, [seen.label])[seen.label]
        rows = np.flatnonzero([str(value) == label for value in labels])
    shown = rows[page]
    columns = _at(seen, shown, names)
    return DataSamplesAnswer(
        matched=len(rows),
        columns=names,
        label=seen.label if seen.label in names else None,
        samples=[
            {"id": id.decode()} | {name: cell(columns[name][place]) for name in names}
            for place, id in enumerate(seen.ids[shown].tolist())
        ],
    )


def _at(seen: Dataset, places: NDArray[np.intp], names: list[str]) -> Columns:
    """Return columns of some of the rows that are seen; a small file is read once for all pages."""
    opened = seen.manifest
    if opened.kind == "table" or opened.type == IMAGES or opened.size > FILE_BYTES_MAX:
        return seen.at(places, names)
    whole = columns_in_file(seen)
    rows = places if seen.rows is None else seen.rows[places]
    return {name: whole[name][rows] for name in names}
