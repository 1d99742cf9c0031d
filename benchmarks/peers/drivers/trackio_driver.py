"""Trackio with its local SQLite store."""

from __future__ import annotations

from typing import Any

from work import Driver, main

PROJECT = "bench"


class Trackio(Driver):
    """TRACKIO_DIR, set by the harness, is the folder."""

    def load(self) -> str:
        import trackio

        return str(trackio.__version__)

    def begin(self, name: str, params: dict[str, Any]) -> Any:
        import trackio

        return trackio.init(project=PROJECT, name=name, config=params, embed=False)

    def log(self, run: Any, values: dict[str, float], step: int) -> None:
        run.log(values, step=step)

    def finish(self, run: Any) -> None:
        run.finish()

    def series(self, key: str) -> list[float]:
        return self.everything([key])[key]

    def everything(self, keys: list[str]) -> dict[str, list[float]]:
        from trackio.sqlite_storage import SQLiteStorage

        run = self._api().runs(PROJECT)[0]
        rows = SQLiteStorage.get_logs(PROJECT, run.name)
        return {key: [row[key] for row in rows if key in row] for key in keys}

    def ranking(self, key: str, limit: int) -> list[tuple[str, float]]:
        from trackio.sqlite_storage import SQLiteStorage

        found = [
            (run.name, SQLiteStorage.get_logs(PROJECT, run.name)[-1][key])
            for run in self._api().runs(PROJECT)
        ]
        return sorted(found, key=lambda item: -item[1])[:limit]

    def _api(self) -> Any:
        import trackio

        return trackio.Api()


main(Trackio())
