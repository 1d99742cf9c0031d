"""The machine, and from where a program was started: as files, variables and processes tell it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from peira.capture.environment import queue
from peira.capture.host import cloud, container, host
from peira.capture.process import launched_from
from peira.capture.subject import Subject

ID = "c0ffee" * 10 + "abcd"


def test_the_processor_and_the_addresses_are_told() -> None:
    """As the kernel tells them; only flags that choose how sums are computed."""
    found = host(os.environ)
    assert found["cpu_model"] and found["cpu_cores_usable"] >= 1 and found["memory_bytes"] > 1 << 28
    if os.uname().machine == "x86_64":
        assert "sse2" in found["cpu_flags"] and not {"smep", "fpu"} & set(found["cpu_flags"])
    own = {entry.address for entries in psutil.net_if_addrs().values() for entry in entries}
    assert set(found["addresses"]) <= own and "127.0.0.1" not in found["addresses"]


def files(root: Path, content: dict[str, str]) -> Path:
    """Write files below a folder that stands for the root of a machine."""
    for name, text in content.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_containers_are_told(tmp_path: Path) -> None:
    """Docker, podman with its image, Kubernetes, Apptainer; a plain machine is none."""
    assert container({}, tmp_path / "plain") == {}
    mounts = f"1 2 0:1 /var/lib/docker/containers/{ID}/hostname /etc/hostname rw\n"
    docker = files(tmp_path / "docker", {".dockerenv": "", "proc/self/mountinfo": mounts})
    assert container({}, docker) == {"kind": "docker", "id": ID}
    image = "docker.io/library/python:3"
    podman = files(
        tmp_path / "podman",
        {
            "run/.containerenv": f'engine="podman"\nid="{ID}"\nimage="{image}"\n',
            "proc/self/cgroup": f"0::/machine.slice/libpod-{ID}.scope\n",
        },
    )
    assert container({}, podman) == {"kind": "podman", "id": ID, "image": image}
    pod = files(tmp_path / "pod", {"proc/self/cgroup": f"0::/kubepods/pod1/{ID}\n"})
    assert container({}, pod) == {"kind": "kubernetes", "id": ID}
    variables = {"APPTAINER_CONTAINER": "/images/torch.sif"}
    assert container(variables, tmp_path) == {"kind": "apptainer", "image": "/images/torch.sif"}


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        (
            {"SLURM_JOB_ID": "42", "SLURM_ARRAY_TASK_ID": "3"},
            {"kind": "Slurm", "job": "42", "array_task": "3"},
        ),
        ({"TRAINING_JOB_NAME": "fit-1"}, {"kind": "SageMaker", "job": "fit-1"}),
        (
            {"PBS_JOBID": "7.server", "PBS_QUEUE": "gpu"},
            {"kind": "PBS", "job": "7.server", "queue": "gpu"},
        ),
        ({"LSB_JOBID": "8"}, {"kind": "LSF", "job": "8"}),
        ({"RAY_JOB_ID": "01000000"}, {"kind": "Ray", "job": "01000000"}),
        (
            {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "HOSTNAME": "fit-abc"},
            {"kind": "Kubernetes", "job": "fit-abc", "namespace": "team"},
        ),
        ({"HOME": "/root"}, {}),
    ],
)
def test_jobs_of_a_queue_are_told(
    tmp_path: Path, variables: dict[str, str], found: dict[str, str]
) -> None:
    """Which job of which queue a run belongs to."""
    root = files(tmp_path, {"var/run/secrets/kubernetes.io/serviceaccount/namespace": "team\n"})
    assert queue(variables, root) == found


def test_the_instance_type_comes_from_files(tmp_path: Path) -> None:
    """AWS writes it into the board's name, cloud-init into a file; the network is not asked."""
    assert cloud(tmp_path / "none") == {}
    board = "sys/class/dmi/id"
    aws = files(
        tmp_path / "aws",
        {f"{board}/sys_vendor": "Amazon EC2\n", f"{board}/product_name": "p4d.24xlarge\n"},
    )
    assert cloud(aws) == {"name": "aws", "instance_type": "p4d.24xlarge"}
    told = {"v1": {"cloud_name": "gcp", "region": "us-east1"}, "ds": {"meta_data": {}}}
    gcp = files(tmp_path / "gcp", {"run/cloud-init/instance-data.json": json.dumps(told)})
    assert cloud(gcp) == {"name": "gcp", "region": "us-east1"}


def subject(entry: str = "script", **variables: str) -> Subject:
    return Subject(pid=1, command=["x"], directory="/", entry={"kind": entry}, variables=variables)


@pytest.mark.parametrize(
    ("variables", "above", "place", "name"),
    [
        ({"GITHUB_ACTIONS": "true", "CI": "true"}, ["bash"], "ci", "GitHub Actions"),
        ({}, ["sh", "cron", "systemd"], "cron", "cron"),
        ({"SSH_CONNECTION": "1 2 3 4"}, ["bash", "sshd-session", "sshd"], "ssh", "sshd-session"),
        ({"PYCHARM_HOSTED": "1"}, ["java"], "ide", "PyCharm"),
        ({"TERM_PROGRAM": "vscode"}, ["zsh", "node"], "ide", "VS Code"),
        ({}, ["bash", "code"], "ide", "VS Code"),
        ({"INVOCATION_ID": "1"}, ["systemd"], "service", "systemd"),
        ({}, ["bash", "tmux: server"], "multiplexer", "tmux"),
        ({"SLURM_JOB_ID": "42"}, ["slurmstepd"], "queue", "Slurm"),
    ],
)  # fmt: skip
def test_where_a_program_was_launched_from(
    variables: dict[str, str], above: list[str], place: str, name: str
) -> None:
    """Told by its variables and by the programs above it."""
    assert launched_from(subject(**variables), above)[place] == name


def test_a_notebook_names_itself() -> None:
    """The path where its editor told the kernel, else what shows it."""
    assert launched_from(subject("notebook"), [])["notebook"] == "Jupyter"


TELL = """
import json, peira.capture
from peira.capture.process import process
print(json.dumps(process(peira.capture.this_process())))
"""


def told(**streams: Any) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", TELL], stdout=subprocess.PIPE, check=True, **streams
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_programs_above_and_the_standard_input_are_told(tmp_path: Path) -> None:
    """Real processes: what is above a child of this test, and what its input is."""
    (tmp_path / "input").write_text("")
    with (tmp_path / "input").open() as file:
        found = told(stdin=file)
    assert found["stdin"] == "file" and "terminal" not in found["launched_from"]
    assert found["parents"][0] == psutil.Process().name()
    assert told(stdin=subprocess.DEVNULL)["stdin"] == "null"
    assert told(input=b"x")["stdin"] == "pipe"


def test_a_terminal_is_told() -> None:
    """A program on a real (pseudo) terminal."""
    controller, terminal = pty.openpty()
    found = told(stdin=terminal, stderr=terminal, env=os.environ | {"TERM": "xterm"})
    os.close(controller)
    os.close(terminal)
    assert found["stdin"] == "terminal" and "terminal" in found["launched_from"]
