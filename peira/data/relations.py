"""What a version comes from, what came of it, and which runs used it."""

from __future__ import annotations

import msgspec
from sqlalchemy import select

from peira.data.catalog import Catalog, Version
from peira.lab.index import schema
from peira.lab.lab import Lab

RUNS_MAX = 200


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A run that used or made a version, and the name under which it did: with its part."""

    run: str
    name: str
    project: str
    role: str
    ref: str
    created: float


def children(catalog: Catalog, version: Version) -> list[Version]:
    """Return the versions that were made from a version, by name and number."""
    return [
        other
        for name in catalog.names()
        for other in catalog.versions(name)
        if other.parent is not None and ":".join(other.parent.split(":")[:2]) == version.ref
    ]


def users(lab: Lab, version: Version) -> list[User]:
    """Return the runs that used or made a version, the latest first, at most `RUNS_MAX`."""
    link, run = schema.link.c, schema.run.c
    question = (
        select(run.id, run.name, run.project, link.role, link.path, run.created)
        .join_from(schema.link, schema.run, link.run == run.n)
        .where(link.digest == version.manifest, link.role.in_(("used", "made")))
        .order_by(run.created.desc(), link.path)
        .limit(RUNS_MAX)
    )
    return [
        User(run=id, name=name, project=project, role=role, ref=path.rpartition("/")[0],
             created=created)
        for id, name, project, role, path, created in lab.ask(
            lambda connection: connection.execute(question).all()
        )
    ]  # fmt: skip
