"""Make the stored sample of the event `evaluation`, which came to format 1 later.

    python tests/data/formats/v1-evaluation/make.py

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
RUN_ID = "6a1b2c3d4e61"


def main() -> None:
    shutil.rmtree(HERE / "runs", ignore_errors=True)
    folder = RunFolder(HERE / "runs" / RUN_ID)
    folder.path.mkdir(parents=True)
    write_birth(
        folder,
        events.Birth(
            format=1, id=RUN_ID, name="keen-heron-43", project="sample", created=1.7e9,
            user="ada", host="engine", boot="b", pid=42, pid_started=12.5,
            command=["python", "train.py"], directory="/work", python="3.11.7", peira="0.2.0",
        ),
    )  # fmt: skip
    writer = Writer(folder, voice=Voice(is_quiet=True), on_rejected=lambda *_: None)
    time = 1.7e9
    common = {
        "time": time, "task": "binary", "rows": 4, "evaluator": "e" * 64, "ids": "1" * 64,
        "labels": "2" * 64, "dataset": "pets:v2", "content": "c" * 64, "classes": ["cat", "dog"],
    }  # fmt: skip
    for event in (
        events.Evaluation(
            name="dev", metrics={"accuracy": 0.5}, split="main/dev", step=3, samples="a" * 64,
            scores="b" * 64, inputs="d" * 64, **common,
        ),
        events.Evaluation(
            name="test", metrics={"word": "undecided", "half_width": 0.01}, split="main/test",
            look=1, **common,
        ),
        events.End(time=time + 9, status="finished", duration_s=9.0),
    ):  # fmt: skip
        writer.record(event)
    writer.close()


if __name__ == "__main__":
    main()
