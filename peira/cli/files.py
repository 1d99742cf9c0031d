"""The files of a run, in short: what it imported, opened and wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from peira.cli.format import number, size
from peira.record.events import FileRole

if TYPE_CHECKING:
    from peira.lab.runs import RunRecord
    from peira.record.events import SeenFile

FILES_SHOWN = 6
TITLES: dict[FileRole, str] = {
    "source": "code that it ran",
    "input": "files that it read",
    "output": "files that it wrote",
}


def sections(record: RunRecord) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return titles, each with the first files as (path, what is known)."""
    found = []
    for role, title in TITLES.items():
        files = record.files(role)
        items = [(file.path, _told(file)) for _, file in sorted(files.items())]
        more = len(items) - FILES_SHOWN + record.files_omitted(role)
        if more > 0:
            items = [*items[:FILES_SHOWN], (f"… {number(more)} more", "--json has them")]
        if items:
            found.append((title, items))
    return found


def _told(file: SeenFile) -> str:
    facts = [size(file.size), file.object[:12] if file.object else "not read"]
    if not file.is_sure:
        facts.append("maybe by another program")
    if not file.kept:
        facts.append(file.reason or ("in version control" if file.tracked else "not kept"))
    return ", ".join(facts)


def document(record: RunRecord) -> dict[str, Any]:
    """Return all files by role, as `peira show --json` prints them."""
    import msgspec

    return {
        role: {
            "files": [msgspec.to_builtins(file) for _, file in sorted(record.files(role).items())],
            "omitted": record.files_omitted(role),
        }
        for role in get_args(FileRole)
    }
