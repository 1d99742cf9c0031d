"""Make the stored sample of the kinds of events that came to format 1 after its first sample.

    python tests/data/formats/v1-files/make.py

It was run once, and is kept to show how. The sample stays as it is for ever.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from peira.objects.folder import FolderObjects
from peira.record import events
from peira.record.folder import RunFolder, write_birth
from peira.record.voice import Voice
from peira.record.writer import Writer

HERE = Path(__file__).parent
RUN_ID = "6a1b2c3d4e60"


def main() -> None:
    for name in ("runs", "objects"):
        shutil.rmtree(HERE / name, ignore_errors=True)
    folder = RunFolder(HERE / "runs" / RUN_ID)
    folder.path.mkdir(parents=True)
    write_birth(
        folder,
        events.Birth(
            format=1, id=RUN_ID, name="keen-heron-42", project="sample", created=1.7e9,
            origin=events.Origin(how="resume", run="6a1b2c3d4e5f", step=40, changed={"lr": 0.02}),
            user="ada", host="engine", boot="b", pid=42, pid_started=12.5,
            command=["python", "train.py"], directory="/work", python="3.11.7", peira="0.2.0",
        ),
    )  # fmt: skip
    writer = Writer(folder, voice=Voice(is_quiet=True), on_rejected=lambda *_: None)
    stored = FolderObjects(HERE / "objects").put_bytes(b"print(1)\n")
    time = 1.7e9
    source = events.SeenFile(path="train.py", object=stored.digest, size=stored.size, kept=True)
    for event in (
        events.Files(time=time, role="source", root="/work", files=[source]),
        events.Files(
            time=time, role="input",
            files=[events.SeenFile(path="/data/a.parquet", size=7, is_sure=False)],
        ),
        events.Files(
            time=time, role="output", root="/work", omitted=3,
            files=[events.SeenFile(path="out.csv", object=stored.digest, size=stored.size)],
        ),
        events.Checkpoint(
            time=time, step=80, metrics={"val/acc": 0.97},
            files=[events.File("model.pt", stored.digest, stored.size)],
        ),
        events.Dropped(time=time, steps=[60, 70]),
        events.End(time=time + 9, status="finished", duration_s=9.0),
    ):  # fmt: skip
        writer.record(event)
    writer.close()


if __name__ == "__main__":
    main()
