"""A package that was developed in a folder (installed as editable), found there again.

Nothing is built, for that would run its build script and write into the folder: a path file leads
Python there, and a small metadata folder gives it name, version and commands.
"""

from __future__ import annotations

from pathlib import Path

from peira.rerun.pins import read_project

_COMMAND = """\
#!{python}
import sys
from {module} import {root}
sys.exit({function}())
"""


def link(name: str, version: str, folder: Path, site: Path) -> None:
    """Let the environment of the folder `site` find the package in `folder`."""
    source = folder / "src"
    source = source if source.is_dir() else folder
    stem = name.replace("-", "_")
    (site / f"__linked_{stem}.pth").write_text(f"{source}\n")
    about = site / f"{stem}-{version}.dist-info"
    about.mkdir(exist_ok=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (about / "RECORD").write_text("")
    (about / "direct_url.json").write_text(
        f'{{"url": "{folder.as_uri()}", "dir_info": {{"editable": true}}}}\n'
    )
    scripts = read_project(folder).get("scripts")
    if isinstance(scripts, dict):
        for command, target in scripts.items():
            _write_command(str(command), str(target), site)


def _write_command(command: str, target: str, site: Path) -> None:
    module, colon, function = target.partition(":")
    if not colon or "/" in command or not (module + function).replace(".", "").isidentifier():
        return
    programs = site.parent.parent.parent / "bin"
    path = programs / command
    text = _COMMAND.format(
        python=programs / "python",
        module=module,
        root=function.partition(".")[0],
        function=function,
    )
    path.write_text(text)
    path.chmod(0o755)
