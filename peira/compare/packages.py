"""The packages section: versions and where they came from; what was imported comes first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from peira.compare.comparison import ValueSection
from peira.compare.sides import mapping
from peira.compare.values import value_rows, value_section
from peira.lab.runs import RunRecord


def packages(records: Sequence[RunRecord]) -> ValueSection:
    """Return the installed packages. Those that no run imported cannot have had an effect."""
    told = [record.captured("packages") for record in records]
    found = [_versions(facts) for facts in told]
    imported = [_names(facts.get("imported")) for facts in told]
    rows = []
    for row in value_rows(found):
        users = [i for i, names in enumerate(imported) if row.name in names]
        rows.append(
            msgspec.structs.replace(
                row,
                is_incidental=not users and any(imported),
                remark="" if users or not any(imported) else "not imported",
            )
        )
    rows.sort(key=lambda row: (row.is_incidental, row.name))
    return value_section("packages", found, rows)


def _versions(facts: Mapping[str, Any]) -> dict[str, str] | None:
    """Return version and origin by name: `1.2` or `0.1 from https://… at 4cc53e9…`."""
    installed = facts.get("installed")
    if not isinstance(installed, Mapping):
        return None
    sources = mapping(facts.get("sources"))
    return {
        name: _told(str(version), mapping(sources.get(name))) for name, version in installed.items()
    }


def _names(value: Any) -> set[str]:
    return {name for name in value if isinstance(name, str)} if isinstance(value, list) else set()


def _told(version: str, source: Mapping[str, Any]) -> str:
    if not source:
        return version
    parts = [version, "editable" if source.get("editable") else "", f"from {source.get('url')}"]
    parts.append(f"at {source['commit']}" if source.get("commit") else "")
    return " ".join(part for part in parts if part)
