"""Peira, as its README shows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from work import Driver, main


class Peira(Driver):
    """A run is a folder of plain files; the index beside them can be deleted."""

    def load(self) -> str:
        import peira

        return str(peira.__version__)

    def begin(self, name: str, params: dict[str, Any]) -> Any:
        import peira

        return peira.init("bench", name=name, params=params, lab=self.folder)

    def log(self, run: Any, values: dict[str, float], step: int) -> None:
        run.log(values, step=step)

    def finish(self, run: Any) -> None:
        run.finish()

    def settle(self) -> None:
        lab = self._lab()
        lab.catch_up()
        lab.seal()

    def caches(self) -> list[Path]:
        return list((self.folder / ".peira").glob("index.db*"))

    def series(self, key: str) -> list[float]:
        lab = self._lab()
        run = lab.runs(limit=1)[0]
        return [float(v) for v in lab.series(run.id, key).values]

    def everything(self, keys: list[str]) -> dict[str, list[float]]:
        found: dict[str, list[float]] = {key: [] for key in keys}
        with self._lab().sql("SELECT key, value FROM points ORDER BY key, step") as answer:
            for key, value in answer:
                if key in found:  # those of the machine are there too
                    found[key].append(value)
        return found

    def ranking(self, key: str, limit: int) -> list[tuple[str, float]]:
        lab = self._lab()
        lab.catch_up()
        found = lab.runs("", sort=f"-{key}", limit=limit)
        return [(run.name, run.metrics[key].last) for run in found]

    def _lab(self) -> Any:
        from peira.lab.lab import Lab

        if getattr(self, "_opened", None) is None:
            self._opened = Lab(self.folder)
        return self._opened


main(Peira())
