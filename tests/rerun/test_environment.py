"""Environments built again by uv, from wheels on the disk: no network is needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from peira.rerun import environment
from peira.rerun.pins import Pins, read_pins
from peira.rerun.places import Places
from peira.rerun.restored import RestoredEnvironment
from tests.rerun.recorded import PYTHON, make_wheel, open_lab, packages, record_run


def pins_of(installed: dict[str, str], folder: Path, **more: Any) -> Pins:
    facts = packages(installed, **more)["packages"]
    return read_pins(facts, Places("/old", folder))


def built(pins: Pins, folder: Path) -> RestoredEnvironment:
    return environment.build(pins, [sys.executable], folder / "venv")


def printed(env: RestoredEnvironment, code: str) -> str:
    return subprocess.run(
        [env.python, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_packages_come_in_the_recorded_version(wheels: Path, tmp_path: Path) -> None:
    """Not in the newest one; Python is the recorded one."""
    env = built(pins_of({"tiny-math": "1.0"}, tmp_path), tmp_path)
    assert printed(env, "import tiny_math; print(tiny_math.version)") == "1.0"
    assert (env.version, env.exact, env.packages, env.inexact) == (PYTHON, 1, 1, [])


def test_only_what_was_imported_is_installed_and_what_it_requires(
    wheels: Path, tmp_path: Path
) -> None:
    """What was required comes in its recorded version, too; the rest is left out."""
    make_wheel(wheels, "gone-one", "3.0", "")
    installed = {"tiny-net": "1.0", "tiny-math": "1.0", "gone-one": "3.0", "never-used": "9"}
    env = built(pins_of(installed, tmp_path, imported=["tiny-net"]), tmp_path)
    now = environment.installed(environment.site_packages(tmp_path / "venv"))
    assert now == {"tiny-net": "1.0", "tiny-math": "1.0", "gone-one": "3.0"}
    assert env.unavailable == []


def test_a_package_that_is_gone_is_named_and_costs_the_others_nothing(
    wheels: Path, tmp_path: Path
) -> None:
    """Also one that another requires."""
    installed = {"tiny-net": "1.0", "tiny-math": "1.0", "gone-one": "3.0"}
    env = built(pins_of(installed, tmp_path), tmp_path)
    assert [(p.name, p.version) for p in env.unavailable] == [("gone-one", "3.0")]
    assert "gone-one" in env.unavailable[0].reason
    assert (env.exact, env.packages) == (2, 3)
    assert printed(env, "import tiny_net; print(tiny_net.tiny_math.version)") == "1.0"


def test_versions_that_do_not_fit_each_other_are_installed_as_they_were(
    wheels: Path, tmp_path: Path
) -> None:
    """They did work together, whatever they say about each other."""
    env = built(pins_of({"tiny-old": "1.0", "tiny-math": "2.0"}, tmp_path), tmp_path)
    assert (env.exact, env.unavailable) == (2, [])


def test_a_package_under_development_is_that_of_the_restored_folder(
    wheels: Path, tmp_path: Path
) -> None:
    """With its name, version and commands, and nothing is built for it."""
    source = tmp_path / "src" / "mine"
    source.mkdir(parents=True)
    (source / "__init__.py").write_text("def main():\n    print('from the restored folder')\n")
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "mine"\ndependencies = ["tiny-math>=1"]\n'
        '[project.scripts]\nmine = "mine:main"\n'
    )
    pins = pins_of(
        {"mine": "0.3", "tiny-math": "1.0"}, tmp_path, imported=["mine"],
        sources={"mine": {"url": "file:///old", "editable": True}},
    )  # fmt: skip
    env = built(pins, tmp_path)
    code = "import mine, tiny_math, importlib.metadata as m; mine.main(); print(m.version('mine'))"
    assert printed(env, code) == "from the restored folder\n0.3"
    command = Path(env.python).parent / "mine"
    done = subprocess.run([str(command)], capture_output=True, text=True, check=True)
    assert done.stdout == "from the restored folder\n"
    assert not list(tmp_path.rglob("*.egg-info"))


def test_where_a_package_comes_from_is_where_it_came_from(tmp_path: Path) -> None:
    """VCS, local wheel, folder, address; what is gone or was secret is told."""
    wheel = tmp_path / "w-1-py3-none-any.whl"
    wheel.touch()
    sources = {
        "vcs": {"url": "https://[redacted]@example.org/a.git", "commit": "abc"},
        "wheel": {"url": wheel.as_uri()},
        "lost-wheel": {"url": "file:///gone/l-1-py3-none-any.whl"},
        "lost-folder": {"url": "file:///gone/folder", "editable": True},
        "archive": {"url": "https://example.org/x.zip"},
        "secret": {"url": "https://example.org/x.zip?token=[redacted]"},
    }
    pins = pins_of(dict.fromkeys(sources, "1"), tmp_path, sources=sources)
    assert pins.requirements == {
        "vcs": "vcs @ git+https://example.org/a.git@abc",
        "wheel": f"wheel @ {wheel.as_uri()}",
        "lost-wheel": "lost-wheel==1",
        "archive": "archive @ https://example.org/x.zip",
    }
    assert {p.name for p in pins.unavailable} == {"lost-folder", "secret"}
    assert any("lost-wheel" in sentence for sentence in pins.inexact)


def test_builds_for_one_accelerator_are_looked_for_where_they_are(tmp_path: Path) -> None:
    """PyPI has no `2.1.0+cu118`."""
    pins = pins_of({"torch": "2.1.0+cu118", "numpy": "1.26.4"}, tmp_path)
    assert pins.indexes == ["https://download.pytorch.org/whl/cu118"]


def test_a_python_that_cannot_be_had_is_told(wheels: Path, tmp_path: Path) -> None:
    """There is no environment then, and the reason is uv's."""
    pins = pins_of({}, tmp_path)
    env = environment.build(pins, ["3.4.99"], tmp_path / "venv")
    assert env.python == "" and "Python 3.4.99 cannot be had" in env.inexact[0]


def test_an_environment_that_is_still_the_same_is_known(wheels: Path, tmp_path: Path) -> None:
    """By every package's version; one more package, and it is another."""
    env = built(pins_of({"tiny-math": "1.0"}, tmp_path), tmp_path)
    prefix = Path(env.python).parent.parent
    for installed, is_same in (({"tiny-math": "1.0"}, True), ({"tiny-math": "2.0"}, False)):
        aspects = packages(installed)
        aspects["python"] = {"version": PYTHON, "prefix": str(prefix)}
        project = tmp_path / "p"
        project.mkdir(exist_ok=True)
        (project / "a.py").touch()
        run = record_run(
            tmp_path / ".peira", project, ["python"], sources=["a.py"], aspects=aspects
        )
        with open_lab(tmp_path / ".peira") as lab:
            record = lab.run(run)
            pins = read_pins(record.captured("packages"), Places("/old", tmp_path))
            found = environment.in_place(record, pins, tmp_path / "new")
        assert (found is not None) is is_same
