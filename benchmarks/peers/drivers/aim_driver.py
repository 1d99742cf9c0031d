"""Aim with its local repository."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from work import Driver, main


class Aim(Driver):
    """Defaults, as everywhere: system metrics and console capture as the library has them."""

    def load(self) -> str:
        import aim

        return str(aim.__version__)

    def open(self, folder: Path) -> None:
        from aim import Repo

        super().open(folder)
        self._repo = Repo.from_path(str(folder), init=not (folder / ".aim").exists())

    def begin(self, name: str, params: dict[str, Any]) -> Any:
        from aim import Run

        run = Run(repo=self._repo, experiment="bench")
        run.name = name
        run["params"] = params
        return run

    def log(self, run: Any, values: dict[str, float], step: int) -> None:
        run.track(values, step=step)

    def finish(self, run: Any) -> None:
        run.close()

    def series(self, key: str) -> list[float]:
        run = next(iter(self._repo.iter_runs()))
        metric = run.get_metric(key, context=self._empty())
        return [float(v) for v in metric.values.values_numpy()] if metric else []

    def ranking(self, key: str, limit: int) -> list[tuple[str, float]]:
        found = []
        for run in self._repo.iter_runs():
            metric = run.get_metric(key, context=self._empty())
            if metric is not None:
                found.append((run.name, float(metric.values.last_value())))
        return sorted(found, key=lambda item: -item[1])[:limit]

    def _empty(self) -> Any:
        from aim.storage.context import Context

        return Context({})


main(Aim())
