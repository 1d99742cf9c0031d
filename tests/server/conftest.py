"""A real lab with real runs, served by a real server on a free port."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import numpy as np
import pytest

from peira.lab.lab import Lab
from peira.run import init
from peira.server.serve import Server
from peira.testing.generator import make_lab
from tests.server import wire

CANARY = "canary-beside-the-store"
PROJECT = "digits"
EVALUATION = "dev/<b>"
ODD_NAME = '<img src=x onerror=alert(1)>\u202e"'


class Served(NamedTuple):
    """A running server, and what is in its lab."""

    server: Server
    lab: Lab
    client: httpx.Client
    """With the session."""
    runs: list[str]
    run: str
    """A run with media, an artifact, a console and odd names."""

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def bearer(self) -> dict[str, str]:
        return {
            "Host": f"127.0.0.1:{self.port}",
            "Authorization": f"Bearer {self.server.session.token}",
        }

    def raw(
        self, method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> wire.Answer:
        """Send a request with the session, the given headers on top."""
        return wire.exchange(
            self.port, wire.request(method, target, self.bearer | (headers or {}), body)
        )


def fill(folder: Path) -> tuple[list[str], str]:
    """Write the lab; return the generated runs and the one that was recorded with the SDK."""
    (folder / "canary.txt").write_text(CANARY)
    root = folder / ".peira"
    runs = make_lab(root, runs=12, params=6, metrics=6, points=20, projects=(PROJECT,))
    with init(
        PROJECT,
        name=ODD_NAME,
        params={"lr": 0.01, "=formula": "=1+1", "nan": float("nan")},
        tags=["baseline"],
        lab=root,
        console=False,
        monitor=False,
    ) as run:
        for step in range(50):
            run.log({"train/loss": 1 / (step + 1), "odd": float("nan") if step == 7 else step})
        run.log_text("remarks", "# hello", step=0)
        run.log_html("page", "<script>document.title='owned'</script>", step=0)
        run.alert("loss is odd", "look at it")
        pictures = np.arange(3 * 64, dtype=np.uint8).reshape(3, 8, 8)
        scores = [0.1, 0.9, 0.4]
        run.evaluate(EVALUATION, [0, 1, 1], scores=scores, samples=pictures, slices={"=a": "xxy"})
    (root / "runs" / run.id / "console.log").write_text("epoch 1 é\nepoch 2 é\n")
    return runs, run.id


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """Fill a lab in `folder` and serve it."""
    runs, run = fill(folder)
    with (
        Lab(folder) as lab,
        Server(lab, port=0) as server,
        httpx.Client(
            base_url=server.address,
            headers={"Authorization": f"Bearer {server.session.token}"},
            timeout=20,
        ) as client,
    ):
        yield Served(server, lab, client, runs, run)


@pytest.fixture(scope="package", autouse=True)
def left_out() -> Iterator[None]:
    """Thousands of modules and files of pytest are no part of a run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PEIRA_LEAVE_OUT", "code,packages,sources,inputs")
        yield


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all tests that change nothing that others see."""
    with serving(tmp_path_factory.mktemp("served")) as running:
        yield running
