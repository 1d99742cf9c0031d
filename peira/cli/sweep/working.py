"""What the commands that run trials share: their options and files, the workers, the result."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import click
import msgspec

from peira.cli.failure import INTERRUPTED
from peira.cli.session import write_json

if TYPE_CHECKING:
    from peira.launch.worker import Slot
    from peira.sweeps.folder import SweepFolder

_TEXTS = list[str] | str
_COUNT = Annotated[int, msgspec.Meta(ge=0)]
_TYPES: dict[str, Any] = {
    "program": _TEXTS, "space": dict[str, Any] | _TEXTS, "minimize": _TEXTS, "maximize": _TEXTS,
    "trials": int, "budget": str | float, "jobs": _COUNT, "sampler": str, "prune": str,
    "where": _TEXTS, "first": list[dict[str, Any] | str] | dict[str, Any] | str, "warm": str,
    "seed": int, "reuse": bool, "retry_failed": _COUNT, "retry_killed": _COUNT, "gpus": str,
    "gpus_per_trial": _COUNT, "cpus_per_trial": _COUNT, "project": str, "name": str, "why": str,
    "group": str, "tags": _TEXTS,
}  # fmt: skip
"""What a file may say, and as what."""
_LISTS = ("minimize", "maximize", "where", "first", "tags")


def settle(words: tuple[str, ...], options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a sweep: those of its file, and over them those of the command line.

    `words` becomes the program, and `space` a mapping or the words of the space.
    """
    from peira.sweeps.notation import is_param_word

    space = [word for word in words[1:] if is_param_word(word)]
    program = [word for place, word in enumerate(words) if not place or not is_param_word(word)]
    if words and is_param_word(words[0]):  # with a file that names the program
        space, program = [words[0], *space], program[1:]
    path = options.pop("file")
    told = {} if path is None else _read_file(Path(path))
    told |= {n: v for n, v in options.items() if v is not None and v is not False and v != ()}
    own = told.pop("program", None) or []
    told["words"] = program or (_words(own) if isinstance(own, str) else list(own))
    told["space"] = _merged(told.get("space"), space)
    return told


def _merged(space: Any, words: list[str]) -> Any:
    """Return the space of a file with what the command line says of it."""
    if not space:
        return words
    if not isinstance(space, dict):  # words, in the file too
        listed = [space] if isinstance(space, str) else space
        space = dict(word.partition("=")[::2] for word in listed)
    found = dict(space)
    for word in words:
        name, _, text = word.partition("=")
        found[name] = text
    return found


def _words(program: str) -> list[str]:
    try:
        return shlex.split(program)
    except ValueError as error:
        raise click.UsageError(f"The program {program!r:.100} cannot be read: {error}.") from error


def _read_file(path: Path) -> dict[str, Any]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise click.UsageError(f"{path} cannot be read: {error.strerror}.") from error
    told = _read_yaml(data, path) if path.suffix in (".yaml", ".yml") else _read_toml(data, path)
    if not isinstance(told, dict):
        raise click.UsageError(f"{path} holds no table.")
    unknown = sorted(told.keys() - _TYPES.keys())
    if unknown:
        from difflib import get_close_matches

        near = get_close_matches(unknown[0], _TYPES, n=1)
        raise click.UsageError(
            f"{path}: {unknown[0]!r:.60} is not known."
            + (f" Did you mean {near[0]}?" if near else f" Use {', '.join(sorted(_TYPES))}.")
        )
    for name, value in told.items():
        try:
            msgspec.convert(value, _TYPES[name])
        except msgspec.ValidationError as error:
            raise click.UsageError(f"{path}: {name} = {value!r:.60}: {error}.") from error
    return {
        name: [value] if name in _LISTS and not isinstance(value, list) else value
        for name, value in told.items()
    }


def _read_toml(data: bytes, path: Path) -> Any:
    import tomllib

    try:
        return tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{path} is no TOML: {error}") from error


def _read_yaml(data: bytes, path: Path) -> Any:
    try:
        import yaml
    except ImportError as error:
        raise click.UsageError(
            f"{path}: YAML needs PyYAML: pip install pyyaml; or write it as TOML."
        ) from error
    try:
        return yaml.safe_load(data)
    except yaml.YAMLError as error:
        raise click.UsageError(f"{path} is no YAML: {error}") from error


def run_trials(folder: SweepFolder, told: dict[str, Any]) -> bool:
    """Start workers here until the sweep is over; return whether a person interrupted it."""
    from peira.cli.terminal import terminal
    from peira.core.settings import read_settings
    from peira.sweeps.launcher import Controller, refuse_unstartable
    from peira.sweeps.progress import Progress

    refuse_unstartable(folder)
    progress = Progress(sys.stderr, width=terminal().columns, is_quiet=read_settings().quiet)
    controller = Controller(folder, _slots(told, folder), look=progress.look, tell=progress.tell)
    progress.finish(controller.run())
    return controller.is_interrupted


def work(folder: SweepFolder, told: dict[str, Any], *, as_json: bool) -> None:
    """Start workers here until the sweep is over, and print what came of it."""
    from peira.cli.sweep.look import document, write_result
    from peira.sweeps.reading import read_sweep

    is_interrupted = run_trials(folder, told)
    reading = read_sweep(folder.lab, folder.id)
    if as_json:
        write_json(document(reading))
    else:
        write_result(reading)
    if is_interrupted:
        click.get_current_context().exit(INTERRUPTED)
    if reading.row.best is None and reading.row.done:
        click.get_current_context().exit(1)


def _slots(told: dict[str, Any], folder: SweepFolder) -> list[Slot]:
    from peira.cli.queue import gpu_list
    from peira.launch.worker import slots

    gpus = gpu_list(told.get("gpus"))
    jobs = told.get("jobs") or (None if gpus else folder.read().jobs)
    return slots(jobs, gpus, told.get("gpus_per_trial") or 1, told.get("cpus_per_trial") or 0)
