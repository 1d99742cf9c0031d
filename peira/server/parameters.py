"""What handlers are given: names for the parts of a request, used by all routes."""

from __future__ import annotations

from typing import Annotated

from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from peira.lab.lab import Lab
from peira.server.bundle import Bundle
from peira.server.follower import Streams

LabNow = NamedDependency[Lab]
"""The lab, caught up a moment ago."""
OpenStreams = NamedDependency[Streams]
Dashboard = NamedDependency[Bundle]
PathText = FromPath[str]
Query = Annotated[str, QueryParameter(max_length=10_000)]
"""A text of the query language."""
OptionalQuery = Annotated[str | None, QueryParameter(max_length=10_000)]
Columns = Annotated[list[str] | None, QueryParameter(max_items=100)]
