"""Answers of the HTTP API about data under version; see `records.py`."""

from __future__ import annotations

from typing import Any

from peira.data.checks import Finding
from peira.data.diff import DataDiff
from peira.data.pixels import Pixels
from peira.data.profile import Profile
from peira.data.relations import User
from peira.server.records import Answer


class VersionRow(Answer, frozen=True, kw_only=True):
    """A version of a data set."""

    name: str
    number: int
    content: str
    kind: str
    type: str
    rows: int
    size: int
    created: float
    by: str
    source: str
    parent: str | None
    transform: str | None
    run: str | None
    note: str
    aliases: list[str]


class DatasetRow(Answer, frozen=True, kw_only=True):
    """A data set by its latest version."""

    name: str
    versions: int
    latest: VersionRow


class DatasetsAnswer(Answer, frozen=True, kw_only=True):
    """The data sets of a lab, by name."""

    datasets: list[DatasetRow]


class DatasetAnswer(Answer, frozen=True, kw_only=True):
    """The versions of a data set, the latest first."""

    name: str
    versions: list[VersionRow]


class ColumnRow(Answer, frozen=True, kw_only=True):
    """A column; `dtype` is NumPy's, or `text` or `json`."""

    name: str
    dtype: str
    shape: list[int]


class PartRow(Answer, frozen=True, kw_only=True):
    """A part of a split; nobody reads the labels of a sealed one."""

    name: str
    rows: int
    """Those of this version."""
    withheld: int
    """Rows more that a sealed hold-out keeps out."""
    sealed: bool


class SplitRow(Answer, frozen=True, kw_only=True):
    """How rows were dealt. `dataset` is the data set that the split belongs to."""

    name: str
    dataset: str
    kind: str
    seed: int | None
    column: str | None
    version: str
    parts: list[PartRow]


class FindingsRow(Answer, frozen=True, kw_only=True):
    """What the checks found with a split; findings is null when they have not been asked yet."""

    split: str | None
    findings: list[Finding] | None


class TransformRow(Answer, frozen=True, kw_only=True):
    """What made a version from its parent."""

    name: str
    code: str | None
    params: dict[str, Any]


class VersionAnswer(VersionRow, frozen=True, kw_only=True):
    """One version with all that is known of it; profile is null when it was not computed yet and
    the version is large.
    """

    label: str | None
    reference: str | None
    columns: list[ColumnRow]
    splits: list[SplitRow]
    made_by: TransformRow | None
    children: list[VersionRow]
    users: list[User]
    checks: list[FindingsRow]
    """One for each split, or one without a split; none for a plain folder."""
    profile: Profile | None
    pictures: bool
    pictures_of: str | None
    """The version that it was made from and that shows the same rows, when this one shows none."""
    pixels: Pixels | None


class DataSamplesAnswer(Answer, frozen=True, kw_only=True):
    """Rows of a version: their ids and the values of single-valued columns. Rows of sealed parts
    come only with their part, without labels.
    """

    matched: int
    columns: list[str]
    label: str | None
    samples: list[dict[str, Any]]


class RunName(Answer, frozen=True):
    """What leads to a run."""

    name: str
    project: str


class DataDiffAnswer(Answer, frozen=True, kw_only=True):
    """What changed from one version to another; `runs` names those of `scores` by id."""

    before: VersionRow
    after: VersionRow
    diff: DataDiff
    runs: dict[str, RunName]
