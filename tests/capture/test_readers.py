"""Whatever way a program reads a file, the file is among the inputs of its run, with its digest.

The 26 ways of `READERS` are those that were tried when capture was designed; some are Python's own,
some open the file in C, some in a child process. One program reads a file of its own in each way.
It is run twice: observed as `peira run` does it (hook and spool), and recording itself by the SDK.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from blake3 import blake3

from peira.capture import CaptureSettings, FileKeeper, hook
from peira.capture.files import Place
from peira.capture.spool import SpoolReader
from peira.record.events import SeenFile
from tests.capture.told import told_files

SITE = Path(hook.__file__).parent / "site"

# Name -> (file, program that writes it, program that reads it).
READERS: dict[str, tuple[str, str, str]] = {
    "open": ("a.txt", "text()", "open(f).read()"),
    "pathlib": ("b.txt", "text()", "pathlib.Path(f).read_bytes()"),
    "io.FileIO": ("c.txt", "text()", "io.FileIO(f).read()"),
    "os.open": ("d.txt", "text()", "os.read(os.open(f, os.O_RDONLY), 9)"),
    "os.open dir_fd": (
        "deep/e.txt",
        "text()",
        "os.read(os.open('e.txt', os.O_RDONLY, dir_fd=os.open('deep', os.O_RDONLY)), 9)",
    ),
    "gzip": ("f.gz", "gzip.open(f, 'w').write(b'1')", "gzip.open(f).read()"),
    "zipfile": (
        "g.zip",
        "zipfile.ZipFile(f, 'w').writestr('a', 'b')",
        "zipfile.ZipFile(f).read('a')",
    ),
    "pickle": ("h.pkl", "pickle.dump(1, open(f, 'wb'))", "pickle.load(open(f, 'rb'))"),
    "sqlite3": (
        "i.db",
        "sqlite3.connect(f).executescript('create table t(a)')",
        "sqlite3.connect(f).execute('select * from t').fetchall()",
    ),
    "numpy.load": ("j.npy", "np.save(f, np.ones(9))", "np.load(f)"),
    "numpy.memmap": ("k.bin", "np.ones(9).tofile(f)", "np.memmap(f, mode='r')[0]"),
    "numpy.fromfile": ("l.bin", "np.ones(9).tofile(f)", "np.fromfile(f)"),
    "numpy.loadtxt": ("m.txt", "np.savetxt(f, np.ones(9))", "np.loadtxt(f)"),
    "pandas.read_csv": ("n.csv", "frame().to_csv(f)", "pd.read_csv(f)"),
    "pandas.read_csv gz": ("o.csv.gz", "frame().to_csv(f)", "pd.read_csv(f)"),
    "pandas.read_feather": ("p.feather", "frame().to_feather(f)", "pd.read_feather(f)"),
    "pandas.read_parquet": ("q.parquet", "frame().to_parquet(f)", "pd.read_parquet(f)"),
    "joblib": ("r.joblib", "joblib.dump(1, f)", "joblib.load(f)"),
    "PIL": ("s.png", "Image.new('L', (9, 9)).save(f)", "Image.open(f).load()"),
    "pyarrow.parquet": ("t.parquet", "frame().to_parquet(f)", "pq.ParquetFile(f).read()"),
    "pyarrow.csv": ("u.csv", "frame().to_csv(f)", "pc.read_csv(f)"),
    "pyarrow.dataset": ("set/v.parquet", "frame().to_parquet(f)", "ds.dataset('set').to_table()"),
    "h5py": ("w.h5", "h5py.File(f, 'w').create_group('a')", "list(h5py.File(f))"),
    "fork child": ("x.txt", "text()", "os.fork() or (open(f).read(), os._exit(0)); os.wait()"),
    "python child": (
        "y.txt",
        "text()",
        "subprocess.run([sys.executable, '-c', 'open(\"y.txt\").read()'])",
    ),
    "cat": ("z.txt", "text()", "subprocess.run(['cat', f], stdout=-3)"),
}
# Libraries that are not installed everywhere, and a way that no list of libraries knows.
MORE = {
    "torch.load": ("t1.pt", "torch.save({'a': 1}, f)", "torch.load(f)"),
    "torch.from_file": ("t2.bin", "text()", "torch.from_file(f, size=1, dtype=torch.uint8)"),
    "C": ("c2.txt", "text()", "ctypes.CDLL(None).open(f.encode(), 0)"),
}
HEAD = """
import ctypes, gzip, io, os, pathlib, pickle, sqlite3, subprocess, sys, time, zipfile
import h5py, joblib, numpy as np, pandas as pd
import pyarrow.csv as pc, pyarrow.dataset as ds, pyarrow.parquet as pq
from PIL import Image
try: import torch
except ImportError: torch = None
def text(): pathlib.Path(f).write_text(f)
def frame(): return pd.DataFrame({'a': [1, 2]})
"""
# What opens in another process, or in C by unknown hands, only the watch sees.
UNSURE = {"run": {"cat", "C"}, "sdk": {"cat", "C", "python child"}}


def program(cases: dict[str, tuple[str, str, str]], column: int) -> str:
    lines = [HEAD]
    for file, *texts in cases.values():
        guard = "if torch: " if "torch" in texts[column] else ""
        lines.append(f"f = {file!r}\n{guard}{texts[column]}")
    return "\n".join(lines)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file for each way, and the program that reads them all."""
    folder = tmp_path_factory.mktemp("readers")
    for name in ("deep", "set"):
        (folder / name).mkdir()
    cases = READERS | MORE
    subprocess.run([sys.executable, "-c", program(cases, 0)], cwd=folder, check=True)
    (folder / "read.py").write_text(program(cases, 1))
    (folder / "sdk.py").write_text(
        "import peira\npeira.init(console=False, monitor=False, strict=True)\n"
        "import time; time.sleep(0.3)  # the watch has begun\n" + program(cases, 1)
    )
    return folder


@pytest.fixture(scope="module")
def seen(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, SeenFile]]:
    """The inputs that were recorded, by way of recording and name."""
    return {"run": observe(data, tmp_path_factory.mktemp("run")), "sdk": record(data)}


def observe(data: Path, place: Path) -> dict[str, SeenFile]:
    spool = place / "spool"
    spool.mkdir(mode=0o700)
    told: list[object] = []
    keeper = FileKeeper(
        Place(place / "lab", str(data)),
        SpoolReader(spool), told.append, settings=CaptureSettings(),
    )  # fmt: skip
    keeper.start()
    environment = os.environ | {"PEIRA_SPOOL": str(spool), "PYTHONPATH": str(SITE)}
    subprocess.run([sys.executable, "read.py"], cwd=data, env=environment, check=True)
    assert keeper.finish(10)
    return {os.path.relpath(path, data): file for path, file in keeper.files("input").items()}


def record(data: Path) -> dict[str, SeenFile]:
    environment = os.environ | {"PEIRA_LAB": str(data / ".peira"), "PEIRA_QUIET": "1"}
    subprocess.run([sys.executable, "sdk.py"], cwd=data, env=environment, check=True)
    files = told_files(data / ".peira", "input")
    return {os.path.relpath(path, data): file for path, file in files.items()}


@pytest.mark.parametrize("way", ["run", "sdk"])
@pytest.mark.parametrize("reader", READERS | MORE)
def test_a_file_is_an_input_however_it_is_read(
    data: Path, seen: dict[str, dict[str, SeenFile]], reader: str, way: str
) -> None:
    """With the digest of its content, kept, and not sure only where a watch alone saw it."""
    if reader.startswith("torch"):
        pytest.importorskip("torch")
    name = (READERS | MORE)[reader][0]
    file = seen[way][name]
    assert file.object == blake3((data / name).read_bytes()).hexdigest()
    assert file.kept and not file.reason
    assert file.is_sure == (reader not in UNSURE[way])


def test_there_are_26_ways() -> None:
    """As many as were tried when capture was designed."""
    assert len(READERS) == 26


@pytest.mark.parametrize("way", ["run", "sdk"])
def test_nothing_else_is_an_input(seen: dict[str, dict[str, SeenFile]], way: str) -> None:
    """Not the program, not the interpreter's files, not those of libraries."""
    assert set(seen[way]) <= {file for file, *_ in (READERS | MORE).values()}
