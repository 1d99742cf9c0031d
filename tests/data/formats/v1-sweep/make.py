"""Make the stored sample of a sweep of format 1 below the folder of this script.

    python tests/data/formats/v1-sweep/make.py

It was run once, with Peira 0.1.0, and is kept to show how. The sample stays as it is for ever.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from peira.launch.queue import Staged
from peira.record import events, lines
from peira.record.folder import RunFolder, write_birth
from peira.sweeps.definition import Definition, Known, Method, Objective, Retries
from peira.sweeps.folder import SweepFolder, make_sweep
from peira.sweeps.records import Attrs, Begun, Claim, Control, End, Report, Valued
from peira.sweeps.space import Space

HERE = Path(__file__).parent
SWEEP, RUN = "6a1b2c3d4e70", "6a1b2c3d4e71"
START = 1_700_000_000.0


def main() -> None:
    for name in ("runs", "sweeps"):
        shutil.rmtree(HERE / name, ignore_errors=True)
    staged = Staged(format=1, time=START, by="ada", command=["python", "train.py"],
                    directory="/work", environment={"PATH": "/bin"})  # fmt: skip
    definition = Definition(
        format=1, id=SWEEP, name="keen-heron-41", project="sample", created=START, by="ada",
        host="h", why="which lr?", group="g", tags=("t",), program=staged,
        space=Space.parse(["lr=log(0.001,1)", "opt=sgd,adam", "momentum=0..1 if opt == sgd",
                           "batch=int(16,64,16)", "seed=1"], ["lr * batch <= 64"]),
        objectives=(Objective(metric="val/loss", direction="minimize", summary="min"),),
        sampler=Method(name="tpe", options={"multivariate": True}), pruner=Method(name="median"),
        seed=7, trials=3, budget_s=600.0, retries=Retries(killed=2, failed=1), jobs=2,
        first=({"lr": 0.1},),
        warm=(Known(run="6a1b2c3d4e60", params={"lr": 0.5, "opt": "adam", "batch": 16},
                    values=(0.75,)),),
    )  # fmt: skip
    folder = make_sweep(HERE, definition)
    params = {"lr": 0.1, "opt": "sgd", "momentum": 0.5, "batch": 32, "seed": 1}
    write(folder, params)
    run = RunFolder(HERE / "runs" / RUN)
    run.path.mkdir(parents=True)
    birth = events.Birth(format=1, id=RUN, name="keen-heron-41-0", project="sample", created=START,
                         sweep=SWEEP, trial=0)  # fmt: skip
    write_birth(run, birth)
    for name in (".gitignore", "young"):
        path = HERE / name
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def write(folder: SweepFolder, params: dict[str, bool | int | float | str | None]) -> None:
    told = []
    for trial, state in enumerate(["complete", "nan", "pruned"]):
        claim = Claim(trial=trial, attempt=1, time=START + trial, params=params, source="sampler",
                      attrs={"nsga2:generation": 0}, ask_s=0.25, writer="0a1b2c", host="h",
                      boot="b", pid=42, pid_started=1.5)  # fmt: skip
        folder.claim(claim)
        told += [
            Begun(trial=trial, attempt=1, time=START + trial, run=RUN, program=43,
                  program_started=2.5),
            Report(trial=trial, attempt=1, time=START + trial, step=1, value=0.5),
            Attrs(trial=trial, attempt=1, time=START + trial, values={"completed_rung_0": 0.5}),
        ]  # fmt: skip
        values = {"complete": (0.5,), "nan": ("NaN",)}.get(state, ())
        told.append(Valued(trial=trial, attempt=1, time=START + trial, values=values))  # type: ignore[arg-type]
        told.append(
            End(trial=trial, attempt=1, time=START + trial + 0.5, state=state, values=values,  # type: ignore[arg-type]
                params=params, attrs=claim.attrs, run=RUN, started=START + trial,
                ask_s=0.25, took_s=0.5,
                objective_s=0.375, reason="" if trial == 0 else "why", reports=1)
        )  # fmt: skip
    folder.told("0a1b2c").write_bytes(b"".join(lines.encode(line) for line in told))
    decided = [
        Control(time=START + 1, by="ada", action="extend", trials=2, budget_s=60.0),
        Control(time=START + 2, by="ada", action="stop", now=True, text="enough"),
    ]
    (folder.path / "control.0a1b2d.jsonl").write_bytes(b"".join(map(lines.encode, decided)))


if __name__ == "__main__":
    main()
