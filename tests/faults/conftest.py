"""The shim that makes system calls fail, compiled once."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sdk.conftest import lab as lab  # the same fixture


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of the shim; skip where it cannot be."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler (cc) to build the fault shim with")
    if not sys.platform.startswith("linux"):
        pytest.skip("the fault shim needs Linux")
    built = tmp_path_factory.mktemp("shim") / "shim.so"
    source = Path(__file__).with_name("shim.c")
    command = [compiler, "-shared", "-fPIC", "-O1", "-Wall", "-o", built, source, "-ldl"]
    subprocess.run(command, check=True)
    return built
