"""One metric of a run that is being recorded: its new points each time it is looked at."""

from __future__ import annotations

from pathlib import Path

from peira.lab.ingest_points import columns_by_key
from peira.lab.pointlines import portions
from peira.record.folder import run_folder
from peira.record.points import KeySets


class MetricTail:
    """Reads the points of a metric as they come, from all writers of the run."""

    def __init__(self, lab: Path, run: str, metric: str) -> None:
        self._folder = run_folder(lab, run)
        self._metric = metric
        self._read: dict[str, tuple[int, KeySets]] = {}

    def new(self) -> list[tuple[int, float]]:
        """Return (step, value) of the points since the last call, by step."""
        found: list[tuple[int, float]] = []
        for path in self._folder.points_files():
            offset, key_sets = self._read.get(path.name, (0, {}))
            for portion in portions(path, offset, key_sets, is_final=False):
                self._read[path.name] = (portion.read_until, portion.decoded.key_sets)
                blocks = [b for b in portion.decoded.blocks if self._metric in b.keys]
                columns = columns_by_key(blocks, {self._metric}).get(self._metric)
                if columns is not None:
                    found += zip(columns[0].tolist(), columns[2].tolist(), strict=True)
        return sorted(found, key=lambda point: point[0])
