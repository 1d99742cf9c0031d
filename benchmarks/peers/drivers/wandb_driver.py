"""W&B offline. It has no local reader of its own, so its transaction log is read record by record
with the classes that `wandb sync` uses.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from work import Driver, main


class Wandb(Driver):
    """WANDB_MODE=offline and the folders are set by the harness."""

    def load(self) -> str:
        import wandb

        return str(wandb.__version__)

    def begin(self, name: str, params: dict[str, Any]) -> Any:
        import wandb

        return wandb.init(
            project="bench", name=name, config=params, dir=str(self.folder), mode="offline"
        )

    def log(self, run: Any, values: dict[str, float], step: int) -> None:
        run.log(values, step=step)

    def finish(self, run: Any) -> None:
        run.finish()

    def series(self, key: str) -> list[float]:
        if getattr(self, "_read", None) is None:
            self._read = self._history(next(self.folder.rglob("*.wandb")))
        found = [row[key] for row in self._read if key in row]
        if key == "metric/0":
            self._read = None  # read from the disk again next time
        return found

    def ranking(self, key: str, limit: int) -> list[tuple[str, float]]:
        found = []
        for path in self.folder.rglob("*.wandb"):
            rows = [row for row in self._history(path) if key in row]
            if rows:
                found.append((path.stem, rows[-1][key]))
        return sorted(found, key=lambda item: -item[1])[:limit]

    def _history(self, path: Path) -> list[dict[str, float]]:
        from wandb.proto import wandb_internal_pb2
        from wandb.sdk.internal.datastore import DataStore

        store = DataStore()
        store.open_for_scan(str(path))
        found = []
        while True:
            try:
                data = store.scan_data()
            except AssertionError:  # a torn end
                break
            if data is None:
                break
            record = wandb_internal_pb2.Record()
            record.ParseFromString(data)
            if record.WhichOneof("record_type") == "history":
                found.append(
                    {
                        item.key or "/".join(item.nested_key): json.loads(item.value_json)
                        for item in record.history.item
                    }
                )
        return found


main(Wandb())
