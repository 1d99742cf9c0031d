"""Sweeps of every format version are read for ever, and their page tells the truth."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec

from peira.record.folder import run_folders
from peira.sweeps import records
from peira.sweeps.definition import Definition
from peira.sweeps.folder import find_sweep
from peira.sweeps.ledger import Ledger
from peira.sweeps.reading import read_sweep
from peira.sweeps.study import SweepStudy

SAMPLE = Path(__file__).parents[1] / "data" / "formats" / "v1-sweep"
PAGE = Path(__file__).parents[2] / "docs" / "formats" / "sweeps.md"


def test_format_1_is_read() -> None:
    """All that the stored sample holds is read as it was written."""
    reading = read_sweep(SAMPLE, "keen-heron-41")
    definition, row = reading.definition, reading.row
    assert (definition.seed, definition.jobs, definition.retries.killed) == (7, 2, 2)
    assert definition.program is not None and definition.program.command == ["python", "train.py"]
    assert definition.warm[0].values == (0.75,) and definition.first == ({"lr": 0.1},)
    assert (row.state, row.trials, row.budget_s) == ("stopped", 5, 660.0)
    assert row.best is not None and row.best.values == (0.5,)
    trials = reading.trials
    assert trials.state == ["complete", "nan", "pruned"]
    assert trials.values[0][1] is not None and math.isnan(trials.values[0][1])
    assert trials.params["momentum"] == [0.5] * 3 and trials.steps == [1, 1, 1]
    (run,) = run_folders(SAMPLE)
    assert (run.read_birth().sweep, run.read_birth().trial) == (row.id, 0)
    ledger = Ledger(find_sweep(SAMPLE, row.id))
    ledger.catch_up()
    assert ledger.trials[0].last.attrs == {"nsga2:generation": 0, "completed_rung_0": 0.5}
    definition.space.check(SweepStudy(ledger).draw(3).params)


def test_the_page_names_every_field() -> None:
    """Of each record of a sweep."""
    page = PAGE.read_text()
    for kind in (
        Definition, records.Claim, records.Begun, records.Report, records.Attrs, records.Valued,
        records.End, records.Control, records.Member,
    ):  # fmt: skip
        for field in msgspec.structs.fields(kind):
            assert f"`{field.name}`" in page, f"{kind.__name__}.{field.name}"
