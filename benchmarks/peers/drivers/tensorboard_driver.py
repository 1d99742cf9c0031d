"""TensorBoard's event files, written by tensorboardX, read by TensorBoard's own event reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from work import Driver, main


class TensorBoard(Driver):
    """A run is a folder of event files; params are a text, for there are none."""

    def load(self) -> str:
        import tensorboardX

        return str(tensorboardX.__version__)

    def begin(self, name: str, params: dict[str, Any]) -> Any:
        from tensorboardX import SummaryWriter

        writer = SummaryWriter(str(self.folder / name))
        writer.add_text("params", str(params))
        return writer

    def log(self, run: Any, values: dict[str, float], step: int) -> None:
        for key, value in values.items():
            run.add_scalar(key, value, step)

    def finish(self, run: Any) -> None:
        run.close()

    def series(self, key: str) -> list[float]:
        return self.everything([key])[key]

    def everything(self, keys: list[str]) -> dict[str, list[float]]:
        events = self._events(next(p for p in self.folder.iterdir() if p.is_dir()))
        return {key: [event.value for event in events.Scalars(key)] for key in keys}

    def ranking(self, key: str, limit: int) -> list[tuple[str, float]]:
        found = [
            (path.name, self._events(path).Scalars(key)[-1].value) for path in self.folder.iterdir()
        ]
        return sorted(found, key=lambda item: -item[1])[:limit]

    def _events(self, path: Path) -> Any:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        # 0: keep every point; the default keeps a random sample.
        events = EventAccumulator(str(path), size_guidance={"scalars": 0})
        return events.Reload()


main(TensorBoard())
