"""Which runs met which content."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import or_, select

from peira.lab.index import schema
from peira.lab.reading import Reading

USERS_MAX = 1_000


class User(NamedTuple):
    """A run that met some content, and how: `input`, `used`, `made`, …"""

    id: str
    name: str
    role: str
    path: str


def users(lab: Reading, digests: Sequence[str], roles: Sequence[str] | None = None) -> list[User]:
    """Return the runs that met content, the latest first, removed ones left out.

    Args:
        roles: of `schema.link`; any when None.
    """
    link, run = schema.link.c, schema.run.c
    question = (
        select(run.id, run.name, link.role, link.path)
        .join_from(schema.link, schema.run, link.run == run.n)
        .where(link.digest.in_(list(digests)), run.deleted == 0)
        .order_by(run.created.desc())
        .limit(USERS_MAX)
    )
    if roles is not None:
        question = question.where(link.role.in_(list(roles)))
    found = lab.ask(lambda connection: connection.execute(question).all())
    return list(dict.fromkeys(User(*row) for row in found))


def writers(lab: Reading, name: str) -> list[User]:
    """Return the runs that wrote a file of that name, in whatever folder, the latest first."""
    link, run = schema.link.c, schema.run.c
    question = (
        select(run.id, run.name, link.role, link.path)
        .join_from(schema.link, schema.run, link.run == run.n)
        .where(
            link.role.in_(("output", "made")),
            or_(link.path == name, link.path.endswith(f"/{name}", autoescape=True)),
            run.deleted == 0,
        )
        .order_by(run.created.desc())
        .limit(USERS_MAX)
    )
    found = lab.ask(lambda connection: connection.execute(question).all())
    return [User(*row) for row in found]
