"""The fingerprint of a run, from its record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

import msgspec

from peira.capture import fingerprint
from peira.capture.fingerprint import Facts, Fingerprint, Source
from peira.capture.program import is_python, program_of
from peira.capture.syntax import Syntax
from peira.lab.recorded import Recorded
from peira.record.events import FileRole, SeenFile

NO_PYTHON = "none"
"""Stands for the version of Python in a run of another language."""


def identify(
    run: Recorded,
    environment: Mapping[str, str],
    given: Mapping[str, Any],
    syntax: Callable[[str], Syntax | None],
    *,
    has_inputs: bool = True,
    has_seeds: bool = True,
) -> Fingerprint:
    """Return the fingerprint of a run, as far as its record tells.

    Args:
        environment: that of the program.
        given: what was set for it from outside, besides its arguments.
        syntax: returns what the source of a digest means; None when it was not kept.
        has_inputs: whether files that were opened are recorded.
        has_seeds: whether seeds that were set are recorded; else none is known.
    """
    sources = [
        Source(_name(file.path), file.object, syntax(file.object) or Syntax(file.object))
        for file in files(run, "source").values()
        if file.object
    ]
    inputs = [(file.path, file.object) for file in files(run, "input").values()]
    inputs += used(run)
    is_known = bool(sources) and not any(
        line.omitted for line in run.files if line.role != "output"
    )
    # What came by standard input is on no record.
    is_piped = run.captured.get("process", {}).get("stdin") not in (None, "null", "closed")
    is_known = is_known and not (is_piped and any(s.syntax.reads_input for s in sources))
    found = fingerprint.fingerprint(
        Facts(
            project=run.birth.project,
            program=program_of(run.birth.command, run.birth.directory),
            environment=environment,
            params=run.params,
            given=given,
            seeds=list(seeds(run)),
            sources=sources,
            inputs=inputs if is_known and has_inputs else None,
            packages=packages(run),
            python=python(run),
            accelerators=accelerators(run.captured.get("host", {})),
            recorded=variables(run),
        )
    )
    unknown: dict[str, Any] = {"has_inputs": is_known and has_inputs}
    if len(sources) < len(files(run, "source")):  # one may hold a secret, and has no digest
        unknown |= {"code": "", "tree": ""}
    if not has_seeds:
        unknown |= {"seed": "", "is_seed_fixed": False}
    return msgspec.structs.replace(found, **unknown)


def files(run: Recorded, role: FileRole) -> dict[tuple[str, str], SeenFile]:
    """Return the files that a run met in one role, by the root of their path and the path. A source
    that was also read (by the interpreter) is no input.
    """
    found = {
        (line.root, file.path): file
        for line in run.files
        if line.role == role
        for file in line.files
    }
    code = files(run, "source") if role == "input" else {}
    return {place: file for place, file in found.items() if place not in code}


def used(run: Recorded) -> Iterator[tuple[str, str]]:
    """Yield name and content of the data sets and artifacts that the run asked the lab for. The
    number of a version is the lab's own; its part (`main/train`) decides which rows it has.
    """
    for artifact in run.used:
        if artifact.type == "dataset":
            name, _, rest = artifact.name.partition(":")
            part = rest.partition(":")[2].replace("/", ":")
            yield f"dataset:{name}:{part}", str(artifact.metadata.get("content"))
        else:
            for file in artifact.files:
                yield f"{artifact.name}:{file.path}".replace("/", ":"), file.object


def packages(run: Recorded) -> dict[str, str] | None:
    """Return the version of each package that the run imported; None when it is not known."""
    told = run.captured.get("packages")
    if told is not None:
        return fingerprint.imported_versions(told)
    return None if is_python(run.birth.command) else {}


def python(run: Recorded) -> str:
    """Return the version of Python that ran, or `NO_PYTHON`."""
    told = run.captured.get("python", {}).get("version")
    return str(told or run.birth.python or NO_PYTHON)


def variables(run: Recorded) -> dict[str, str]:
    """Return the environment variables that were recorded."""
    return run.captured.get("environment", {}).get("variables") or {}


def accelerators(host: Mapping[str, Any]) -> list[str]:
    """Return the models of the GPUs, each once, sorted, from the aspect `host`."""
    return sorted({str(gpu.get("model")) for gpu in host.get("gpus") or ()})


def seeds(run: Recorded) -> Iterator[tuple[str, Any]]:
    """Yield the seeds that were set in libraries."""
    for library, values in sorted(run.captured.get("seeds", {}).items()):
        for value in values if isinstance(values, list) else [values]:
            yield library, value


def _name(path: str) -> str:
    """The name of a source: its path in the project; of one outside of it only the last part."""
    return PurePosixPath(path).name if path.startswith("/") else path
