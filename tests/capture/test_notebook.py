"""Cells of a notebook, executed in a real kernel: told in order, with what they put out."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from peira.lab.lab import Lab
from peira.lab.notebook import notebook
from peira.lab.runs import RunRecord
from peira.record.events import Cell, Output

LIMIT_S = 60


class Kernel:
    """A kernel that executes cells as a notebook has it do."""

    def __init__(self, folder: Path) -> None:
        self.reader = Lab(folder / ".peira")
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PEIRA_")}
        self.manager = KernelManager()
        self.manager.start_kernel(
            cwd=str(folder),
            env=kept | {"PEIRA_LAB": str(self.reader.root), "JPY_SESSION_NAME": "fit.ipynb"},
        )
        self.client: BlockingKernelClient = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=LIMIT_S)

    def run(self, source: str) -> dict[str, Any]:
        """Execute a cell to its end."""
        reply = self.client.execute_interactive(
            source, timeout=LIMIT_S, output_hook=lambda message: None, allow_stdin=False
        )
        content: dict[str, Any] = reply["content"]
        return content

    def start(self, source: str) -> None:
        """Execute a cell without waiting for it."""
        self.client.execute(source)

    def wait_for_death(self) -> None:
        until_s = time.monotonic() + LIMIT_S
        while self.manager.is_alive() and time.monotonic() < until_s:
            time.sleep(0.05)

    def close(self) -> None:
        self.client.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()
        self.reader.close()


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    kernel = Kernel(tmp_path)
    yield kernel
    kernel.close()


def runs_of(kernel: Kernel) -> list[RunRecord]:
    """The runs, oldest first."""
    return list(kernel.reader.runs(sort="created"))


def test_cells_are_told_with_what_they_put_out(kernel: Kernel) -> None:
    """In order, also those before the run; text of streams, results, displays and errors; and the
    run ends when it is asked to.
    """
    kernel.run("import peira, sys\nfrom IPython.display import display")
    kernel.run("run = peira.init('nb', monitor=False)\nprint('begun')")
    kernel.run("print('a\\rb'); print('c', file=sys.stderr)\ndisplay({1: 2})\nprint('d')\n[3]")
    kernel.run("token = 'ghp_0123456789abcdefghij0123'\n1 / 0")
    kernel.client.execute("'not a cell'", silent=True)
    kernel.run("run.finish()")
    kernel.run("print('after')")
    (run,) = runs_of(kernel)
    assert run.state == "finished"
    cells = run.cells()
    assert [(cell.index, cell.count, cell.is_earlier) for cell in cells] == [
        (0, 1, True), (1, 2, False), (2, 3, False), (3, 4, False), (4, 5, False),
    ]  # fmt: skip
    assert cells[0].source.startswith("import peira, sys") and cells[0].duration_s is None
    assert [(out.kind, out.text) for out in cells[1].outputs] == [("stdout", "begun\n")]
    assert [(out.kind, out.text) for out in cells[2].outputs] == [
        ("stdout", "b\n"), ("stderr", "c\n"), ("display", "{1: 2}"), ("stdout", "d\n"),
        ("result", "[3]"),
    ]  # fmt: skip
    assert cells[3].outputs[-1].kind == "error"
    assert "ZeroDivisionError" in cells[3].outputs[-1].text
    assert "ghp_0123456789" not in cells[3].source
    assert cells[4].source == "run.finish()" and cells[4].duration_s is None
    assert run.console().text == "begun\nb\nc\nd\n"
    assert run.captured("code")["kind"] == "notebook"
    assert run.captured("code")["notebook"] == "fit.ipynb"
    assert run.captured("process")["launched_from"]["notebook"] == "fit.ipynb"


def test_a_new_run_ends_the_one_before(kernel: Kernel) -> None:
    """And knows the cells that were executed before it; streams and displays are given back."""
    kernel.run("import peira\nx = 1")
    kernel.run("peira.init('nb', monitor=False, name='first')")
    kernel.run("peira.init('nb', monitor=False, name='second')")
    kernel.run("peira.finish()\nimport sys\nshell = get_ipython()")
    kernel.run("left = {'publish', 'clear_output'} & set(vars(shell.display_pub))")
    kernel.run("left |= {'write_format_data'} & set(vars(shell.displayhook))")
    kernel.run("left |= {s.name for s in (sys.stdout, sys.stderr) if 'peira' in repr(s.write)}")
    told = kernel.run("assert not left, left")
    assert told["status"] == "ok", told["evalue"]
    first, second = runs_of(kernel)
    assert first.state == second.state == "finished"
    assert [cell.is_earlier for cell in first.cells()] == [True, False, False]
    assert [cell.is_earlier for cell in second.cells()] == [True, True, False, False]


@pytest.mark.parametrize("how", ["os._exit(3)", "os.kill(os.getpid(), 9)"])
def test_a_kernel_that_dies_has_killed_the_run(kernel: Kernel, how: str) -> None:
    """The cell that it died of is told, without an end."""
    kernel.run("import os, peira\nrun = peira.init('nb', monitor=False)")
    kernel.start(f"run.log({{'loss': 1.0}})\nprint('last words')\n{how}")
    kernel.wait_for_death()
    (run,) = runs_of(kernel)
    assert run.state == "killed" and run.metrics["loss"].count == 1
    assert run.cells()[-1].source.endswith(how) and run.cells()[-1].duration_s is None


def test_a_restart_ends_the_run(kernel: Kernel) -> None:
    """A kernel that is restarted in an orderly way has finished its run."""
    kernel.run("import peira\nrun = peira.init('nb', monitor=False)")
    kernel.client.stop_channels()
    kernel.manager.restart_kernel(now=False)
    (run,) = runs_of(kernel)
    assert run.state == "finished"


def test_cells_make_a_notebook_again() -> None:
    """An `.ipynb` of the format's version 4.5, cells and outputs in their places."""
    cells = [
        Cell(time=1.0, index=0, count=1, source="import os", is_earlier=True),
        Cell(
            time=2.0, index=1, count=2, source="x\n", duration_s=0.1,
            outputs=[Output("stdout", "a\n"), Output("display", "<fig>"), Output("result", "3"),
                     Output("error", "Traceback …\nValueError: no")],
        ),
    ]  # fmt: skip
    document = json.loads(json.dumps(notebook(cells, "3.11.7")))
    assert (document["nbformat"], document["nbformat_minor"]) == (4, 5)
    first, second = document["cells"]
    assert first["source"] == "import os" and first["outputs"] == []
    assert [output["output_type"] for output in second["outputs"]] == [
        "stream", "display_data", "execute_result", "error",
    ]  # fmt: skip
    assert second["outputs"][3]["ename"] == "ValueError"
