"""Make the stored sample of the cells of a notebook, which came to format 1 after its first sample.

    python tests/data/formats/v1-cells/make.py

It was run once, and is kept to show how. The sample stays as it is for ever.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from peira.record import events
from peira.record.folder import RunFolder, write_birth
from peira.record.voice import Voice
from peira.record.writer import Writer

HERE = Path(__file__).parent
RUN_ID = "6a1b2c3d4e62"


def main() -> None:
    shutil.rmtree(HERE / "runs", ignore_errors=True)
    folder = RunFolder(HERE / "runs" / RUN_ID)
    folder.path.mkdir(parents=True)
    write_birth(
        folder,
        events.Birth(
            format=1, id=RUN_ID, name="keen-heron-44", project="sample", created=1.7e9,
            user="ada", host="engine", boot="b", pid=42, pid_started=12.5,
            command=["python", "-m", "ipykernel_launcher"], directory="/work", python="3.11.7",
        ),
    )  # fmt: skip
    writer = Writer(folder, voice=Voice(is_quiet=True), on_rejected=lambda *_: None)
    time = 1.7e9
    outputs = [events.Output("stdout", "a…b\n", 7), events.Output("result", "[3]")]
    for event in (
        events.Cell(time=time, index=0, count=1, source="import peira", is_earlier=True),
        events.Cell(time=time, index=1, count=2, source="[3]"),
        events.Cell(time=time + 1, index=1, count=2, source="[3]", outputs=outputs, duration_s=0.5),
        events.End(time=time + 9, status="finished", duration_s=9.0),
    ):
        writer.record(event)
    writer.close()


if __name__ == "__main__":
    main()
