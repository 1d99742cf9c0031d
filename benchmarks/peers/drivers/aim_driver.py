"""Aim with its local repository."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from work import Driver, main


class Aim(Driver):
    """Defaults, as everywhere: system metrics and console capture as the library has them."""

    def load(self) -> str:
        from importlib.metadata import version

        import aim  # noqa: F401

        return version("aim")

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

    def settle(self) -> None:
        # What `aim storage reindex` does; without it, or `aim up` running, a reader finds no run.
        self._repo._recreate_index()

    def series(self, key: str) -> list[float]:
        run = next(iter(self._repo.iter_runs()))
        metric = run.get_metric(key, context=self._empty())
        if metric is None:
            return []
        # Stored in the order of a hash of the steps.
        steps, columns = metric.data.numpy()
        return [float(value) for _, value in sorted(zip(steps, columns[0], strict=True))]

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
