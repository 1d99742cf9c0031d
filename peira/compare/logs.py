"""The logs section: what the runs printed."""

from __future__ import annotations

from collections.abc import Sequence

from peira.compare.comparison import FileSection, Version
from peira.compare.files import Held, file_section
from peira.compare.textdiff import Budget
from peira.lab.runs import RunRecord

LOG_BYTES_MAX = 1 << 20


def logs(records: Sequence[RunRecord], budget: Budget) -> FileSection:
    """Return the consoles, compared up to their first MiB."""
    from blake3 import blake3

    found: list[dict[str, Held] | None] = []
    for record in records:
        piece = record.console(limit=LOG_BYTES_MAX)
        if not piece.size:
            found.append(None)
            continue
        text = piece.text.encode()
        version = Version(digest=blake3(text).hexdigest(), size=piece.size, origin="console")
        found.append({"console.log": Held(version, lambda text=text: text)})  # type: ignore[misc]
    return file_section("logs", found, budget)
