"""Packages as they really are: versions, where they came from, and which of them were imported."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from peira.capture import Surroundings
from peira.capture.packages import Packages


def metadata(site: Path, name: str, version: str, **files: str) -> Path:
    """Make what an installer leaves of a package."""
    folder = site / f"{name}-{version}.dist-info"
    folder.mkdir(parents=True)
    for file, text in files.items():
        (folder / file.replace("__", ".")).write_text(text)
    return folder


def wheel(folder: Path) -> Path:
    """Build a wheel of one module, as small as the format allows."""
    path = folder / "tiny_tool-1.2-py3-none-any.whl"
    info = "tiny_tool-1.2.dist-info"
    files = {
        "tiny_tool.py": "x = 1\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: tiny-tool\nVersion: 1.2\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in (*files, f"{info}/RECORD"))
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def test_a_local_wheel_is_told_with_its_digest(tmp_path: Path) -> None:
    """Installed from a file: its address, and the digest of the very file; uv does not keep it."""
    file = wheel(tmp_path)
    subprocess.run(
        [sys.executable, "-m", "uv", "pip", "install", "-q", "--no-deps", "--offline", "--target",
         str(tmp_path / "site"), str(file)],
        check=True, capture_output=True,
    )  # fmt: skip
    found = Packages([str(tmp_path / "site")])
    assert found.installed == {"tiny-tool": "1.2"}
    assert found.imported({"tiny_tool": str(tmp_path / "site" / "tiny_tool.py")}) == ["tiny-tool"]
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert found.sources["tiny-tool"]["hashes"] == {"sha256": digest}
    assert found.sources["tiny-tool"]["url"] == file.as_uri()
    file.write_bytes(b"another")
    os.utime(file, (9e9, 9e9))
    assert "hashes" not in Packages([str(tmp_path / "site")]).sources["tiny-tool"]


@pytest.mark.parametrize(
    ("direct", "source"),
    [
        (
            {"url": "https://ada:ghp_0123456789abcdefghij@example.org/a.git",
             "vcs_info": {"vcs": "git", "commit_id": "c0ffee", "requested_revision": "main"}},
            {"url": "https://example.org/a.git", "commit": "c0ffee", "revision": "main"},
        ),
        (
            {"url": "file:///home/ada/a", "dir_info": {"editable": True}},
            {"url": "file:///home/ada/a", "editable": True},
        ),
        (
            {"url": "https://example.org/a.whl", "archive_info": {"hash": "sha256=ab12"}},
            {"url": "https://example.org/a.whl", "hashes": {"sha256": "ab12"}},
        ),
        ({"url": "https://example.org/a.whl", "archive_info": {}}, {"url": "https://example.org/a.whl"}),
        ("nonsense", {}),
        ({"url": 3, "vcs_info": 4}, {}),
    ],
)  # fmt: skip
def test_where_a_package_came_from(tmp_path: Path, direct: Any, source: dict[str, Any]) -> None:
    """From version control, from a folder, from an archive; without credentials (L03)."""
    metadata(tmp_path, "a", "1", direct_url__json=json.dumps(direct))
    assert Packages([str(tmp_path)]).sources == ({"a": source} if source else {})


def test_the_first_on_the_path_counts(tmp_path: Path) -> None:
    """As for import; and a name is written in one way."""
    metadata(tmp_path / "first", "Odd_Name.x", "1")
    metadata(tmp_path / "second", "odd_name_x", "2")
    found = Packages([str(tmp_path / "first"), str(tmp_path / "second"), str(tmp_path / "none")])
    assert found.installed == {"odd-name-x": "1"}


def test_a_shared_first_name_is_told_apart(tmp_path: Path) -> None:
    """Distributions that put their modules below one name are imported each for itself."""
    for name, module in (("google-a", "a"), ("google-b", "b")):
        metadata(
            tmp_path, name.replace("-", "_"), "1", RECORD=f"google/{module}/__init__.py,,\n",
            top_level__txt="google\n",
        )  # fmt: skip
        (tmp_path / "google" / module).mkdir(parents=True)
        (tmp_path / "google" / module / "__init__.py").write_text("")
    done = subprocess.run(
        [sys.executable, "-c", "import json, sys, google.b\n"
         "from peira.capture.hook.imported import imported\n"
         "from peira.capture.packages import Packages\n"
         "print(json.dumps(Packages(sys.path).imported(imported()['packages'])))"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    names = json.loads(done.stdout)
    assert "google-b" in names and "google-a" not in names and "msgspec" in names


def test_code_that_is_installed_editable_is_known_by_its_folder(tmp_path: Path) -> None:
    """A module that no RECORD names lies below the folder that the package was installed from."""
    code = tmp_path / "my code"
    metadata(
        tmp_path / "site", "my_tool", "1",
        direct_url__json=json.dumps({"url": code.as_uri(), "dir_info": {"editable": True}}),
    )  # fmt: skip
    old = tmp_path / "old"
    (old / "old_tool.egg-info").mkdir(parents=True)
    (old / "old_tool.egg-info" / "PKG-INFO").write_text("Name: old-tool\nVersion: 3\n")
    found = Packages([str(tmp_path / "site"), str(old)])
    assert found.imported({"other_name": f"{code}/src/other_name/__init__.py"}) == ["my-tool"]
    assert found.installed["old-tool"] == "3" and found.sources["old-tool"]["editable"]


def test_a_conda_environment_is_told(tmp_path: Path) -> None:
    """Version, build and channel of what conda installed; a token in a channel is taken out."""
    records = tmp_path / "conda-meta"
    records.mkdir()
    told = {
        "name": "mkl", "version": "2024.0", "build": "h1_0", "files": ["lib/libmkl_rt.so"],
        "channel": "https://conda.anaconda.org/t/ab-12345/private/linux-64",
    }  # fmt: skip
    (records / "mkl-2024.0-h1_0.json").write_text(json.dumps(told))
    (records / "odd.json").write_text("{")
    (records / "history").write_text("")
    value = Packages([], str(tmp_path)).told({})
    assert value["conda"] == {
        "mkl": {
            "version": "2024.0",
            "build": "h1_0",
            "channel": "https://conda.anaconda.org/t/[redacted]/private/linux-64",
        }
    }


def python(program: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-c", program]
    return subprocess.run(words, capture_output=True, text=True, check=True)


def test_what_was_imported_later_is_told_again() -> None:
    """Only what has changed is told again, and a package that was imported later is among it."""
    program = (
        "import json, peira.capture\n"
        "now = peira.capture.Surroundings()\n"
        "first = dict(now.collect())\n"
        "list(now.collect_again())\n"
        "unchanged = dict(now.collect_again())\n"
        "import sklearn.linear_model\n"
        "print(json.dumps([first, unchanged, dict(now.collect_again())]))\n"
    )
    done = python(program)
    first, unchanged, later = json.loads(done.stdout)
    assert "scikit-learn" not in first["packages"]["imported"] and not unchanged
    assert {"scikit-learn", "numpy", "scipy"} <= set(later["packages"]["imported"])
    assert set(later) == {"packages", "numerics"}
    blas = [found for found in later["numerics"]["libraries"] if found["kind"] == "blas"]
    assert blas and all(found["threads"] >= 1 and found["version"] for found in blas)


def test_nothing_is_imported_to_be_told() -> None:
    """A program without numerical libraries is told without loading any."""
    program = (
        "import sys, peira.capture\n"
        "list(peira.capture.Surroundings().collect())\n"
        "print(sorted({'numpy', 'torch', 'threadpoolctl'} & set(sys.modules)))\n"
    )
    done = python(program)
    assert done.stdout.strip() == "[]"


def test_the_python_build_is_told() -> None:
    """Version, implementation, compiler, and where it lies."""
    found = dict(Surroundings().collect())["python"]
    assert found["version"] == sys.version.split()[0] and found["implementation"] == "cpython"
    assert ("GCC" in found["build"] or "Clang" in found["build"]) and found["prefix"] == sys.prefix
    assert found["free_threaded"] is False
