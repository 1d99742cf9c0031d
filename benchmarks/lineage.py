"""What the lineage of a run costs in a lab of 10,000 runs that share files and artifacts.

The lab: one run writes the raw data; 100 prepare it (20 files each); 8,900 train on what one of
them wrote, read the raw data, and make a model; of these 500 go on from a checkpoint of another;
1,000 evaluate the model of one. So a file is read by thousands, and a model by a few.

    python -m benchmarks.lineage
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import msgspec
from blake3 import blake3

from benchmarks.lab import row, timed
from peira.lab.lab import Lab
from peira.record import events, lines
from peira.record.events import FORMAT, Birth
from peira.record.folder import make_lab

START_S = 1_760_000_000.0
PREPARED = 100
TRAINED = 8_900
RESUMED = 500
EVALUATED = 1_000
FILES = 20


def digest(name: str) -> str:
    """Return a digest that stands for the content of a file."""
    return blake3(name.encode()).hexdigest()


class Writer:
    """Writes the run folders of the lab, oldest first."""

    def __init__(self, root: Path) -> None:
        self.root = make_lab(root)
        self.ids: list[str] = []

    def run(self, *told: events.Event, origin: events.Origin | None = None) -> str:
        """Write one finished run that told these events; returns its id."""
        number = len(self.ids)
        run_id = f"{number:012d}"
        created = START_S + 600.0 * number
        path = self.root / "runs" / run_id
        path.mkdir()
        birth = Birth(
            format=FORMAT, id=run_id, name=f"run-{number}", project="p", created=created,
            origin=origin,
        )  # fmt: skip
        end = events.End(time=created + 60, status="finished", duration_s=60.0)
        (path / "run.json").write_bytes(msgspec.json.encode(birth))
        (path / "events.jsonl").write_bytes(b"".join(map(lines.encode, (*told, end))))
        self.ids.append(run_id)
        return run_id


def files(role: events.FileRole, *names: str) -> events.Files:
    """Return the event of some files, each with a content of its own."""
    seen = [events.SeenFile(path=name, object=digest(name), size=1_000) for name in names]
    return events.Files(time=START_S, role=role, files=seen, root="/work")


def model(role: str, of: int) -> events.Artifact:
    """Return the event of a model of one trained run."""
    made = events.File("model.joblib", digest(f"model {of}"), 1_000_000)
    return events.Artifact(time=START_S, name="cnn", type="model", role=role, files=[made])  # type: ignore[arg-type]


def fill(root: Path) -> dict[str, str]:
    """Write the lab; returns runs to ask for, by what is special about them."""
    writer = Writer(root)
    asked = {"the raw data, 10,000 runs below it": writer.run(files("output", "raw.parquet"))}
    parts = [[f"part-{n}-{k}.parquet" for k in range(FILES)] for n in range(PREPARED)]
    for names in parts:
        prepared = writer.run(files("input", "raw.parquet"), files("output", *names))
    asked["prepared data, 89 runs below it"] = prepared
    trained: list[str] = []
    for n in range(TRAINED):
        saved = events.File("model.pt", digest(f"checkpoint {n}"), 1_000_000)
        told = [
            files("input", "raw.parquet", *parts[n % PREPARED]),
            events.Checkpoint(time=START_S, step=40, files=[saved], metrics={"val/acc": 0.9}),
            model("made", n),
        ]
        origin = None
        if n >= TRAINED - RESUMED:
            origin = events.Origin(how="resume", run=trained[n - PREPARED], step=40)
        trained.append(writer.run(*told, origin=origin))
    asked["trained, five forks deep"] = trained[-1]
    for n in range(EVALUATED):
        evaluated = writer.run(model("used", n), files("output", f"scores-{n}.csv"))
    asked["evaluation of a model"] = evaluated
    return asked


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="peira-bench-") as name:
        root = Path(name) / ".peira"
        asked = fill(root)
        with Lab(root) as lab:
            begun = time.perf_counter()
            lab.catch_up(wait_s=3600)
            row("read 10,001 runs into the index", f"{time.perf_counter() - begun:.1f} s", "")
            lab.is_kept_up = True
            for what, run in asked.items():
                found = lab.lineage(run)
                took = timed(lambda run=run: lab.lineage(run), 9)  # type: ignore[misc]
                shown = f"{took * 1e3:.0f} ms, {len(found.nodes)} nodes"
                row(f"lineage: {what}", shown, "< 50 ms")


if __name__ == "__main__":
    main()
