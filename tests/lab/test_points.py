"""Exact points of run folders: as lines, sealed, and half and half."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from peira.lab.lab import Lab
from peira.lab.points import Points
from peira.testing.points import Logged, PointsOf, PointsSuite
from tests.lab.writing import RunFiles


class FolderSuite(PointsSuite):
    """Rows before `seal_after` are sealed before the rest is logged."""

    def sealed_rows(self, count: int) -> int:
        raise NotImplementedError

    @pytest.fixture
    def points_of(self, tmp_path: Path) -> PointsOf:
        def store(rows: Sequence[Logged]) -> tuple[Points, str]:
            run = RunFiles(tmp_path / ".peira")
            run.end()
            seal_after = self.sealed_rows(len(rows))
            for number, row in enumerate(rows):
                if number == seal_after and number:
                    self.seal(run)
                run.log(row.values, row.step, time_s=row.time_s, writer=row.writer)
            if seal_after >= len(rows):
                self.seal(run)
            return Lab(run.root).points, run.id

        return store

    @staticmethod
    def seal(run: RunFiles) -> None:
        run.age(120)
        with Lab(run.root) as lab:
            lab.catch_up()
            assert lab.seal() == [run.id]
        run._sets.clear()  # the files are new, so are their declarations


class TestLines(FolderSuite):
    """A living run."""

    def sealed_rows(self, count: int) -> int:
        return 0


class TestSealed(FolderSuite):
    """A sealed run."""

    def sealed_rows(self, count: int) -> int:
        return count


class TestLatePoints(FolderSuite):
    """A run that was sealed, and logged into afterwards."""

    def sealed_rows(self, count: int) -> int:
        return count // 2
