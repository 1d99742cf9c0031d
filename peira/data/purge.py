"""Removed versions go for good: their bytes are given up, and what nothing else names deleted."""

from __future__ import annotations

from typing import NamedTuple

from peira.data import materialised
from peira.data.catalog import Catalog, Version
from peira.lab.gc import GcReport
from peira.lab.lab import Lab
from peira.lab.links import users


class Purge(NamedTuple):
    """What was given up, what was deleted, and what is still held by runs that used it."""

    versions: list[Version]
    report: GcReport
    held: dict[str, list[str]]
    """Names of the runs that used a version, by its `name:vN`: these keep its bytes."""


def purge(lab: Lab, *, dry_run: bool = False) -> Purge:
    """Give up the bytes of all removed versions, and collect what nothing names any more.

    What a run used stays: a run that is kept can be repeated. Adding the same content again brings
    a version back, or gives it a new number.

    Raises:
        LabError: the lab cannot be looked through or written.
    """
    catalog = Catalog(lab.root, lab.journal)
    doomed = catalog.removed()
    if not dry_run:
        for version in doomed:
            catalog.purge(version)
        _forget_folders(catalog, doomed)
    report = lab.gc(
        dry_run=dry_run, without=[f"{version.name}/v{version.number}" for version in doomed]
    )
    held = {v.ref: [one.name for one in users(lab, [v.manifest])] for v in doomed}
    return Purge(doomed, report, {ref: names for ref, names in held.items() if names})


def _forget_folders(catalog: Catalog, doomed: list[Version]) -> None:
    """Delete the folders that files of these versions were written out to."""
    living = {v.content for name in catalog.names() for v in catalog.versions(name)}
    for version in doomed:
        if version.content not in living:
            materialised.forget(catalog.root, version.content)
