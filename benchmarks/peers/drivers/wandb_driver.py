"""W&B offline. It has no local reader of its own, so its transaction log is read here, record by
record, with its own message classes.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from work import Driver, main

HEADER = 7
BLOCK = 32 * 1024
PIECE_HEADER = 7


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
        return self.everything([key])[key]

    def everything(self, keys: list[str]) -> dict[str, list[float]]:
        rows = self._history(next(self.folder.rglob("*.wandb")))
        return {key: [row[key] for row in rows if key in row] for key in keys}

    def ranking(self, key: str, limit: int) -> list[tuple[str, float]]:
        found = []
        for path in self.folder.rglob("*.wandb"):
            rows = [row for row in self._history(path) if key in row]
            if rows:
                found.append((path.stem, rows[-1][key]))
        return sorted(found, key=lambda item: -item[1])[:limit]

    def _history(self, path: Path) -> list[dict[str, float]]:
        from wandb.proto import wandb_internal_pb2

        found = []
        for data in transactions(path.read_bytes()):
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


def transactions(data: bytes) -> Iterator[bytes]:
    """Yield the records of a transaction log: LevelDB's log format after a header of 7 bytes.

    Blocks of 32 KiB hold pieces `crc32 (4), length (2), type (1), bytes`; type 1 is a whole record,
    2, 3 and 4 are its first, middle and last pieces.
    """
    at, pieces = HEADER, b""
    while at + PIECE_HEADER <= len(data):
        room = BLOCK - at % BLOCK
        if room < PIECE_HEADER:
            at += room
            continue
        _, length, kind = struct.unpack_from("<IHB", data, at)
        piece = data[at + PIECE_HEADER : at + PIECE_HEADER + length]
        if kind not in (1, 2, 3, 4) or len(piece) < length:
            return  # a torn end
        at += PIECE_HEADER + length
        pieces = piece if kind in (1, 2) else pieces + piece
        if kind in (1, 4):
            yield pieces


main(Wandb())
