"""Findings about labels, as they are told: with the label that each row has, and its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from peira.data import sealed
from peira.data.checks._base import Finding
from peira.data.dataset import Dataset
from peira.data.rows import as_text

CHECK = "suspicious-labels"


def with_labels(
    whole: Dataset, findings: Sequence[Finding], *, bytes_max: int | None = None
) -> list[Finding]:
    """Return findings, those of labels with `places` (of the rows in the version, from 0) and
    `labels` in `detail`, in the order of their rows. A sealed row has null for its label, and for
    the one that a model expects.

    Args:
        bytes_max: of a larger file labels are not read, so they are null.
    """
    if whole.label is None or all(finding.check != CHECK for finding in findings):
        return list(findings)
    is_read = whole.manifest.kind == "table" or whole.manifest.size <= (bytes_max or np.inf)
    return [
        msgspec.structs.replace(one, detail={**one.detail, **_told(whole, one, is_read=is_read)})
        if one.check == CHECK
        else one
        for one in findings
    ]


def _told(whole: Dataset, finding: Finding, *, is_read: bool) -> dict[str, list[Any]]:
    known = {id.decode(): place for place, id in enumerate(whole.ids.tolist())}
    places = [known[id] for id in finding.rows]
    is_open = ~np.isin(places, sealed.sealed_rows(whole))
    labels = whole.y[places].tolist() if is_read else [None] * len(places)
    expected = finding.detail["expected"]
    return {
        "places": places,
        "labels": [
            None if label is None or not shown else as_text(label)
            for label, shown in zip(labels, is_open, strict=True)
        ],
        "expected": [e if shown else None for e, shown in zip(expected, is_open, strict=True)],
    }
