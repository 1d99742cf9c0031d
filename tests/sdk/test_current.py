"""The module-level functions act on the current run."""

from __future__ import annotations

from pathlib import Path

import peira
from peira.record import events
from tests.sdk.reading import only_run


def test_all_reach_the_run(run: peira.Run, lab: Path, tmp_path: Path) -> None:
    """Each function is the run's method of the same name."""
    (tmp_path / "f").write_text("x")
    peira.log({"a": 1.0}, step=3)
    peira.note("n")
    peira.alert("t")
    peira.log_text("k", "v")
    peira.log_artifact(tmp_path / "f")
    peira.save_model([1], "m")
    peira.flush()
    peira.finish("failed")
    found = only_run(lab)
    assert found.steps("a") == [3]
    kinds = (events.Note, events.Alert, events.Media, events.Artifact, events.End)
    assert [len(found.of(kind)) for kind in kinds] == [1, 1, 1, 2, 1]
    assert found.state == "failed"
