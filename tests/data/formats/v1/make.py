"""Make the stored sample of format 1 below the folder of this script.

    python tests/data/formats/v1/make.py

It was run once, with Peira 0.1.0, and is kept to show how. The sample stays as it is for ever:
later versions of Peira must read these bytes. A new format gets a new folder.
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
RUN_ID = "6a1b2c3d4e5f"
START_NS = 1_700_000_000_000_000_000


class Clock:
    """Advances by a quarter of a second a call."""

    def __init__(self) -> None:
        self.now_ns = START_NS

    def __call__(self) -> int:
        self.now_ns += 250_000_000
        return self.now_ns


def main() -> None:
    for name in ("runs", "objects"):
        shutil.rmtree(HERE / name, ignore_errors=True)
    folder = RunFolder(HERE / "runs" / RUN_ID)
    folder.path.mkdir(parents=True)
    write_birth(
        folder,
        events.Birth(
            format=1, id=RUN_ID, name="keen-heron-41", project="sample", created=1.7e9,
            group="g", why="to be read for ever", user="ada", host="engine", boot="b", pid=42,
            pid_started=12.5, command=["python", "train.py"], directory="/work", python="3.11.7",
            peira="0.1.0",
        ),
    )  # fmt: skip
    voice = Voice(is_quiet=True)
    main_writer = Writer(folder, voice=voice, on_rejected=lambda *_: None, clock=Clock())
    stored = FolderObjects(HERE / "objects").put_bytes(b"hello")
    time = 1.7e9
    for event in (
        events.Params(time=time, values={"lr": 0.001, "net/kernel": [3, 5], "x": {"float": "NaN"}}),
        events.Tags(time=time, add=["baseline", "b"]),
        events.Tags(time=time, remove=["b"]),
        events.Note(time=time, text="# A note\n\nwith ünïcode"),
        events.Captured(time=time, aspect="code", value={"git": {"commit": "c0ffee"}}),
        events.Media(
            time=time, key="sample", step=3, type="text", object=stored.digest,
            mime="text/plain", size=stored.size, caption="c",
        ),
        events.Artifact(
            time=time, name="set", type="dataset",
            files=[events.File("a/b.txt", stored.digest, stored.size)], metadata={"rows": 1},
        ),
        events.Alert(time=time, title="diverged", text="loss is NaN", level="error"),
        events.Inexact(time=time, key="big", step=4, given="9007199254740993"),
        events.Lost(time=time, points=2, events=0, reason="No space left on device"),
        events.Alive(time=time),
    ):  # fmt: skip
        main_writer.record(event)
    for step in range(5):
        main_writer.log({"train/loss": 1 / (step + 1), "lr": 0.001}, step)
        main_writer.log(
            {"odd": [float("nan"), float("inf"), -float("inf"), -0.0, 5e-324][step]}, step
        )
    main_writer.record(
        events.End(
            time=time + 9, status="failed", duration_s=9.0, exit_code=1,
            error=events.Failure("ValueError", "bad", "Traceback …"), peak_memory_bytes=1024,
        )
    )  # fmt: skip
    main_writer.close()
    second = Writer(
        folder, writer="0a1b2c", voice=voice, on_rejected=lambda *_: None, clock=Clock()
    )
    second.log({"train/loss": 0.75}, 2)
    second.close()
    with folder.points("0a1b2c").open("ab") as stream:
        stream.write(b"[0,3,17000")  # killed in the middle of a row
    folder.console.write_text("epoch 1\nepoch 2\n")


if __name__ == "__main__":
    main()
