"""Every format version is read for ever (P21), and its pages tell the truth."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import get_args

import msgspec

from peira.objects.folder import FolderObjects
from peira.record import events, lines
from peira.record.folder import run_folders
from tests.sdk.reading import read_run

FORMATS = Path(__file__).parents[1] / "data" / "formats"
SAMPLE = FORMATS / "v1"
LATER_KINDS = {
    events.Files,
    events.Checkpoint,
    events.Dropped,
    events.Evaluation,
    events.Cell,
}
"""Kinds that came to format 1 after its first sample; `v1-files`, `v1-evaluation` and
`v1-cells` hold them.
"""
PAGES = Path(__file__).parents[2] / "docs" / "formats"


def test_format_1_is_read() -> None:
    """All that the stored sample of format 1 holds is read as it was written."""
    (folder,) = run_folders(SAMPLE)
    found = read_run(folder)
    birth = folder.read_birth()
    assert (birth.format, birth.name, birth.project, birth.pid) == (
        1,
        "keen-heron-41",
        "sample",
        42,
    )
    assert found.values("train/loss") == [0.75, *(1 / n for n in range(1, 6))] or found.values(
        "train/loss"
    ) == [*(1 / n for n in range(1, 6)), 0.75]
    odd = found.values("odd")
    assert math.isnan(odd[0]) and odd[1:] == [math.inf, -math.inf, 0.0, 5e-324]
    assert math.copysign(1, odd[3]) == -1
    assert {type(event) for event in found.events} == set(get_args(events.AnyEvent)) - LATER_KINDS
    assert [(damage.file, damage.reason) for damage in found.damages] == [
        ("points.0a1b2c.jsonl", "torn tail")
    ]
    assert found.end is not None and found.end.error is not None
    assert found.end.error.type == "ValueError" and found.state == "failed"
    (media,) = found.of(events.Media)
    assert FolderObjects(SAMPLE / "objects").read(media.object) == b"hello"


def test_the_kinds_that_came_later_are_read() -> None:
    """The sample of files, checkpoints and origins is read as it was written."""
    (folder,) = run_folders(FORMATS / "v1-files")
    found = read_run(folder)
    assert folder.read_birth().origin == events.Origin(
        how="resume", run="6a1b2c3d4e5f", step=40, changed={"lr": 0.02}
    )
    source, data, made = found.of(events.Files)
    assert [source.role, data.role, made.role] == ["source", "input", "output"]
    assert source.root == "/work" and source.files[0].path == "train.py" and source.files[0].kept
    assert data.files[0] == events.SeenFile(path="/data/a.parquet", size=7, is_sure=False)
    assert made.omitted == 3
    (checkpoint,) = found.of(events.Checkpoint)
    assert checkpoint.step == 80 and checkpoint.metrics == {"val/acc": 0.97}
    assert [event.steps for event in found.of(events.Dropped)] == [[60, 70]]
    assert not found.damages


def test_evaluations_are_read() -> None:
    """The sample of an evaluation, and of a look at a hold-out, is read as it was written."""
    (folder,) = run_folders(FORMATS / "v1-evaluation")
    found = read_run(folder)
    open_one, sealed = found.of(events.Evaluation)
    assert open_one.metrics == {"accuracy": 0.5} and open_one.classes == ["cat", "dog"]
    assert open_one.samples is not None and open_one.dataset == "pets:v2"
    assert sealed.look == 1 and sealed.samples is None and sealed.metrics["word"] == "undecided"
    assert not found.damages


def test_cells_are_read() -> None:
    """The sample of a notebook's cells is read as it was written."""
    (folder,) = run_folders(FORMATS / "v1-cells")
    found = read_run(folder)
    earlier, begun, ended = found.of(events.Cell)
    assert earlier.is_earlier and earlier.source == "import peira" and earlier.count == 1
    assert begun.index == ended.index == 1 and begun.duration_s is None and begun.outputs == []
    assert ended.duration_s == 0.5
    assert ended.outputs == [events.Output("stdout", "a…b\n", 7), events.Output("result", "[3]")]
    assert not found.damages


def test_examples_have_their_checksums() -> None:
    """Each line that the format pages show is a good one."""
    shown = [
        line
        for page in PAGES.glob("*.md")
        for line in page.read_text().splitlines()
        if re.search(r"\t[0-9a-f]{8}$", line)
    ]
    assert len(shown) >= 4
    for line in shown:
        assert lines.body(line.encode()) is not None, line


def test_the_page_lists_every_event_and_field() -> None:
    """docs/formats/run-folder.md names each kind of event, and each field of it and of a birth."""
    page = (PAGES / "run-folder.md").read_text()
    for kind in get_args(events.AnyEvent):
        (row,) = re.findall(rf"^\| `{kind.__struct_config__.tag}` \|.*$", page, re.MULTILINE)
        for field in msgspec.structs.fields(kind):
            assert field.name == "time" or f"`{field.name}`" in row, (row, field.name)
    for field in msgspec.structs.fields(events.Birth):
        assert f"`{field.name}`" in page, field.name
