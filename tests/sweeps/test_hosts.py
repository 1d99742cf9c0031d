"""Several machines at one sweep, over a shared folder and nothing else."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time

import pytest

from peira.record import liveness
from tests.launch.conftest import PEIRA, listen_again
from tests.sweeps.conftest import CommandLine
from tests.sweeps.test_kill import assert_complete

OBJECTIVE = """
import os, time
def train(trial):
    with open("ran", "a") as file:
        file.write(f"{trial.number} {os.uname().nodename}\\n")
    time.sleep(0.2)
    return trial["x"]
"""


def has_namespaces() -> bool:
    """Whether this machine lets a user have a host name and a network of his own."""
    words = ["unshare", "-r", "-n", "-u", "true"]
    return shutil.which("unshare") is not None and not subprocess.run(words, check=False).returncode


def start_host(peira_cli: CommandLine, name: str) -> subprocess.Popen[str]:
    """Start a worker on a machine of this name, without any network."""
    script = f'hostname {name} && exec "$@"'
    words = ["unshare", "-r", "-n", "-u", "sh", "-c", script, "sh", *PEIRA, "worker", "last"]
    return subprocess.Popen(
        words, cwd=peira_cli.lab.parent, env=peira_cli.environment(), stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, start_new_session=True, preexec_fn=listen_again,
    )  # fmt: skip


@pytest.mark.skipif(not has_namespaces(), reason="no namespaces for users here")
def test_two_machines_share_a_sweep_and_one_takes_over_from_the_other(
    peira_cli: CommandLine,
) -> None:
    """Each trial ends once; what a machine that fell silent had claimed is run by the other."""
    folder = peira_cli.lab.parent
    (folder / "train.py").write_text(OBJECTIVE)
    done = peira_cli("sweep", "train.py:train", "x=float(0,1)", "--minimize", "y", "--trials", "14",
                     "--sampler", "random", "-j", "0")  # fmt: skip
    assert done.returncode == 0 and "peira worker" in done.stderr
    one, two = start_host(peira_cli, "host-one"), start_host(peira_cli, "host-two")
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        members = {member.host: member for member in peira_cli.read().members}
        ran = (folder / "ran").read_text() if (folder / "ran").exists() else ""
        if len(members) == 2 and "host-one" in ran and "host-two" in ran:
            break
        time.sleep(0.05)
    assert members.keys() == {"host-one", "host-two"}
    lost = members["host-one"]
    os.kill(one.pid, signal.SIGKILL)
    os.kill(lost.pid, signal.SIGKILL)
    one.communicate(timeout=30)
    silent_s = time.time() - 2 * liveness.SILENT_AFTER_S
    os.utime(peira_cli.lab / "sweeps" / peira_cli.read().row.id / "workers" / f"{lost.writer}.json",
             (silent_s, silent_s))  # fmt: skip
    output = two.communicate(timeout=120)[0]
    assert two.returncode == 0, output
    assert_complete(peira_cli.read(), 14)
    hosts = {line.split()[1] for line in (folder / "ran").read_text().splitlines()}
    assert hosts == {"host-one", "host-two"}


def test_a_worker_that_joins_shares_the_work(peira_cli: CommandLine) -> None:
    """`peira worker` beside the sweep's own."""
    folder = peira_cli.lab.parent
    (folder / "train.py").write_text(OBJECTIVE)
    process = peira_cli.start("sweep", "train.py:train", "x=float(0,1)", "--minimize", "y",
                              "--trials", "25", "--name", "s")  # fmt: skip
    limit = time.monotonic() + 60
    while not (folder / "ran").exists() and time.monotonic() < limit:
        time.sleep(0.05)
    joined = peira_cli("worker", "s")
    assert joined.returncode == 0, joined.stderr
    assert process.wait(timeout=60) == 0
    process.communicate()
    assert_complete(peira_cli.read(), 25)
    told = peira_cli.lab / "sweeps" / peira_cli.read().row.id
    assert len(list(told.glob("told.*.jsonl"))) == 2


def test_gpus_are_shared_out(peira_cli: CommandLine) -> None:
    """Each worker sees its own."""
    folder = peira_cli.lab.parent
    (folder / "train.py").write_text(
        "import os, time\n"
        "def train(x):\n"
        "    time.sleep(0.2)\n"
        "    return float(os.environ['CUDA_VISIBLE_DEVICES'])\n"
    )
    done = peira_cli("sweep", "train.py:train", "x=float(0,1)", "--minimize", "y", "--trials", "8",
                     "--gpus", "3,5")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert set(peira_cli.read().trials.values[0]) == {3.0, 5.0}
