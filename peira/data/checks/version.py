"""The checks of one version, computed once: findings are kept by content, split and question."""

from __future__ import annotations

from pathlib import Path

import msgspec

from peira.core.errors import NotFoundError, UsageError
from peira.data import checks, splits
from peira.data.add import IMAGES
from peira.data.catalog import Catalog, Version
from peira.data.checks import Finding, Origin, View
from peira.data.checks.duplicates import copies_of
from peira.data.checks.pictures import open_pictures
from peira.data.checks.scope import idle
from peira.data.dataset import Dataset
from peira.data.splits import Split
from peira.record.folder import write_atomically

FOLDER = "findings"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked about a version."""

    split: str | None = None
    group: str | None = None
    time: str | None = None
    checks: list[str] = msgspec.field(default_factory=list)


def check_version(root: Path, version: Version, question: Question) -> list[Finding]:
    """Return what the checks find in a version and its split; asked again they are read.

    The labels of sealed parts are looked at here, by the checks and nobody else: findings name
    rows, not labels.

    Raises:
        NotFoundError: there is no such split or column.
        UsageError: the version has no rows, or several splits and none is named.
    """
    known = known_findings(root, version, question)
    if known is not None:
        return known
    whole = Dataset(root, version)
    if whole.manifest.ids is not None and not len(whole):
        raise UsageError(f"{whole.ref} has no rows to look at.")
    split = split_of(whole, question.split)
    path = _kept(root, whole, split, question)
    view = _view(whole, split, question)
    found = checks.check(view, question.checks or None)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomically(path, msgspec.json.encode(found))
    return found


def known_findings(root: Path, version: Version, question: Question) -> list[Finding] | None:
    """Return what the checks found when this was asked before; None when it never was, or by
    another version of Peira.

    Raises:
        NotFoundError, UsageError: as `check_version`.
    """
    whole = Dataset(root, version)
    path = _kept(root, whole, split_of(whole, question.split), question)
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Finding])
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def copies(root: Path, version: Version, split: str) -> dict[str, frozenset[str]]:
    """Return the ids of all rows of each tested part whose inputs are learned from, too; a finding
    names only the first ones.

    Raises:
        NotFoundError: there is no such split.
    """
    whole = Dataset(root, version)
    view = _view(whole, split_of(whole, split), Question())
    return {
        part: frozenset(id.decode() for id in view.ids[rows].tolist())
        for part, _, (rows, _) in copies_of(view)
    }


def idle_checks(root: Path, version: Version, question: Question) -> dict[str, str]:
    """Return the checks that have nothing to look at in a version and its split, and why.

    Raises:
        NotFoundError, UsageError: as `check_version`.
    """
    whole = Dataset(root, version)
    is_pictures = whole.manifest.type == IMAGES
    view = _view(whole, split_of(whole, question.split), question, opens_pictures=False)
    return idle(view, question.checks, has_pixels=is_pictures)


def _view(
    whole: Dataset, split: Split | None, question: Question, *, opens_pictures: bool = True
) -> View:
    """Return what the checks see: all columns but one that names the parts."""
    for column in (question.group, question.time):
        if column is not None:
            _ = whole[column]  # or it says which there are
    parts = {} if split is None else {p: splits.rows_of(split, p, whole) for p in split.parts}
    by = None if split is None else split.column
    columns = dict(whole.columns)
    contents, unseen = None, ""
    if whole.manifest.type == IMAGES and opens_pictures:
        pictures = open_pictures(whole)
        contents, unseen = pictures.contents, pictures.unseen
        if pictures.pixels is not None:
            columns["pixels"] = pictures.pixels
    kind = None if split is None else split.kind
    origin = Origin(
        ordered_by=by if kind == "time" else None,
        grouped_by=by if kind in ("grouped", "folds") else None,
        contents=contents,
        unseen=unseen,
    )
    if kind == "column" and by not in (question.group, question.time):
        columns.pop(str(by), None)
    return View(
        columns, whole.ids, label=whole.label, parts=parts,
        group=question.group, time=question.time, origin=origin,
    )  # fmt: skip


def split_of(whole: Dataset, name: str | None) -> Split | None:
    """Return the split of that name; without a name the only one, or None when there is none.

    Raises:
        NotFoundError: there is no such split.
        UsageError: there are several, and none is named.
    """
    names = Catalog(whole.root).ancestry(whole.version)
    for owner in names:
        known = splits.names(whole.root, owner)
        if name is not None and name in known:
            return splits.read(whole.root, owner, name)
        if name is None and len(known) == 1:
            return splits.read(whole.root, owner, known[0])
        if name is None and known:
            raise UsageError(f"{owner} has several splits.", hint=f"Say which: {', '.join(known)}.")
    if name is not None:
        raise NotFoundError(f"The data set `{names[0]}` has no split `{name:.100}`.")
    return None


def _kept(root: Path, whole: Dataset, split: Split | None, question: Question) -> Path:
    from blake3 import blake3

    ids = whole.manifest.ids or ""
    plain = msgspec.structs.replace(question, split=None)  # by its content, however it was named
    asked = [checks.VERSION, whole.manifest.content, ids, split.digest if split else "", plain]
    return root / FOLDER / f"{blake3(msgspec.json.encode(asked)).hexdigest()}.json"
