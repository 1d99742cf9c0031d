"""Runs side by side: the Compare screen."""

from __future__ import annotations

import time
from typing import Annotated

import msgspec
from litestar import get
from litestar.params import FromQuery, QueryParameter

from peira.compare.comparison import FileSection
from peira.compare.diff import compare
from peira.compare.textdiff import Budget
from peira.core.errors import NotFoundError
from peira.server.exports import split_words
from peira.server.parameters import LabNow, PathText
from peira.server.records import CompareAnswer, CompareFileAnswer

RunList = Annotated[str, QueryParameter(min_length=1, max_length=2_000)]
"""Runs, separated by commas."""
FILE_LINES_MAX = 200_000
"""Lines of hunks in the answer to one file."""


@get("/api/projects/{project:str}/compare", sync_to_thread=True)
def compare_runs(
    lab: LabNow,
    project: PathText,
    *,
    r: RunList,
    all: FromQuery[bool] = False,
    section: Annotated[str | None, QueryParameter(max_length=200)] = None,
) -> CompareAnswer:
    """What differs between two to eight runs, section by section."""
    started = time.perf_counter()
    wanted = None if section is None else split_words(section)
    found = compare(lab, split_words(r), project=project, sections=wanted)
    document = (found if all else found.only_differences()).to_dict()
    document["took_ms"] = round((time.perf_counter() - started) * 1000, 3)
    return msgspec.convert(document, CompareAnswer)


@get("/api/projects/{project:str}/compare/file", sync_to_thread=True)
def compare_file(
    lab: LabNow,
    project: PathText,
    *,
    r: RunList,
    path: Annotated[str, QueryParameter(min_length=1, max_length=10_000)],
    section: FromQuery[str] = "code",
) -> CompareFileAnswer:
    """How one file differs between runs, with every changed line."""
    found = compare(
        lab, split_words(r), project=project, sections=[section], budget=Budget(FILE_LINES_MAX)
    )
    for part in found.sections:
        if isinstance(part, FileSection):
            for row in part.rows:
                if row.name == path:
                    return CompareFileAnswer(runs=found.runs, file=row)
    raise NotFoundError(
        f"No run has a file `{path}` in the section {section}.",
        hint="The comparison lists the files by name.",
    )
