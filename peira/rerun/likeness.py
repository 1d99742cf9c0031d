"""How like an earlier run is what is about to run: which parts differ, and what that makes it.

    nothing differs                           exact repeat
    the text of the code, not its meaning     repeat in disguise
    nothing, but no seed is recorded          unseeded: a replicate, if its results differ
    the seed                                  replicate: evidence
    what it runs on                           reproduction attempt
    one choice                                variation

What a program will import and open is not known before it runs. But the same program with the same
choices does what it did: so the files that the earlier run imported and opened are looked at as
they are now. Source: SCIENCE.md 1.10.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from peira.capture import fingerprint
from peira.capture.environment import environment
from peira.capture.fingerprint import Choices, numeric_variables
from peira.capture.param_roles import plain_name, role
from peira.capture.program import Arguments, Program, program_of, read_arguments
from peira.capture.syntax import read_syntax
from peira.lab.recorded import Recorded
from peira.record.events import FileRole, SeenFile
from peira.rerun.identify import NO_PYTHON, accelerators, files, packages, python, variables

Part = Literal["config", "seed", "code", "tree", "data", "env"]
Kind = Literal[
    "exact repeat",
    "repeat in disguise",
    "unseeded",
    "replicate",
    "reproduction attempt",
    "variation",
    "other",
]
UNSET = "unset"
SAME_TIME_S = 1e-5
"""Times of change are recorded as floats."""


class Beginning(msgspec.Struct, frozen=True, kw_only=True):
    """A program that is about to run, or has just begun to."""

    program: Program
    arguments: Arguments
    """With what was set for it besides."""
    directory: str
    environment: Mapping[str, str]
    params: Mapping[str, Any] | None = None
    """All of them, where they are known: in the program itself."""
    packages: Callable[[], Mapping[str, Any]]
    """What it could import, as the aspect `packages`."""
    python: Callable[[], str]
    """The version of Python that it would run with."""
    accelerators: Callable[[], Sequence[str]]
    root: Path
    """The lab."""
    digest: Callable[[Path], str | None]
    """Returns the digest of a file as it is now; None when it is not known."""
    text: Callable[[Path], bytes | None]
    """Returns the content of a source as it is now; None when it is not known."""
    content: Callable[[str], bytes | None]
    """Returns the bytes of a digest; None when they were not kept."""


class Likeness(msgspec.Struct, frozen=True, kw_only=True):
    """How like an earlier run is what is about to run."""

    run: Recorded
    differs: Mapping[Part, Sequence[str]]
    """What differs in each part, in words; parts that do not differ are left out."""
    unknown: frozenset[Part] = frozenset()
    """Parts of which nothing can be told before it runs."""
    is_same_result: bool = False
    """Whether results are known to be the same, so that no seed has an effect."""

    @property
    def kind(self) -> Kind:
        """What running it now would be."""
        parts = set(self.differs)
        if "config" in parts:
            is_one = parts == {"config"} and len(self.differs["config"]) == 1
            return "variation" if is_one else "other"
        if parts & {"tree", "data"} or self.unknown - {"seed"}:
            return "other"
        if "seed" in parts or "seed" in self.unknown:
            return "other" if "env" in parts else "replicate"
        if "env" in parts:
            return "reproduction attempt"
        if not self.run.fingerprint.seed and not self.is_same_result:
            return "unseeded"
        return "repeat in disguise" if "code" in parts else "exact repeat"


def compare(run: Recorded, now: Beginning, differs: Mapping[Part, Sequence[str]]) -> Likeness:
    """Return how like an earlier run, read with its files, is what is about to run.

    Args:
        differs: what was chosen differently; see `choices_differ`. When it is the config, nothing
            else is looked at.
    """
    unknown: set[Part] = set() if run.fingerprint.is_seed_fixed else {"seed"}
    found = dict(differs)
    if "config" not in differs:
        for part, said in (*_code(run, now), ("data", _data(run, now)), ("env", _env(run, now))):
            if said is None:
                unknown.add(part)
            elif said:
                found[part] = said
    return Likeness(run=run, differs=found, unknown=frozenset(unknown))


def choices_differ(
    run: Recorded, now: Beginning, defaults: Mapping[str, Any]
) -> dict[Part, list[str]]:
    """Return what was chosen differently, in the parts `config` and `seed`, in words.

    Before a program runs its params are not known, apart from those that are told to it. What it is
    not told has its default, and is the same if the earlier run was not told either.

    Args:
        defaults: values that options have when nobody gives them, as far as other runs of the
            same code show.
    """
    then = run.fingerprint
    choices = Choices(
        params=run.params if now.params is None else now.params,
        arguments=now.arguments,
        variables={n: now.environment[n] for n in then.variables if n in now.environment},
    )
    pairs = _told_apart(run, now, defaults) if now.params is None else _params_apart(run, now)
    config: list[str] = []
    seed: list[str] = []
    for name, before, after in pairs:
        said = f"{name} {before} → {after}"
        (seed if role(name) == "seed" else config).append(said)
    # The digests know what has no name in both: words, variables. They cost, and decide nothing
    # where a name differs already.
    if not config and fingerprint.config(choices) != then.config:
        config.append(_unnamed(run, now))
    if not config and not seed and fingerprint.seed_given(choices) != then.seed_given:
        seed.append("seed")
    differs: dict[Part, list[str]] = {"config": config, "seed": seed}
    return {part: said for part, said in differs.items() if said}


def reads_elsewhere(run: Recorded, now: Beginning) -> bool:
    """Whether an option that is named like a place of output leads elsewhere than in an earlier
    run, read with its files, and that run read from there: `eval.py --run-dir runs/4` reads other
    files than `--run-dir runs/3`.
    """
    command = program_of(run.birth.command, run.birth.directory)
    told = read_arguments(command.arguments).named
    before: dict[str, Any] = {**told}
    before |= {plain_name(name): [value] for name, value in run.params.items()}
    after: dict[str, Any] = {**now.arguments.named}
    after |= {plain_name(name): [value] for name, value in (now.params or {}).items()}
    if now.params is None:  # what it is not told any more has its default
        after = dict.fromkeys(told) | after
    apart = [
        os.path.normpath(Path(run.birth.directory, str(word)))
        for name, words in before.items()
        if role(name) in ("output", "log") and after.get(name, words) != words
        for word in words
    ]
    read = [os.path.normpath(Path(root, path)) for root, path in files(run, "input")]
    return any(file == place or file.startswith(f"{place}/") for file in read for place in apart)


def _unnamed(run: Recorded, now: Beginning) -> str:
    """What differs without having a name in both."""
    command = program_of(run.birth.command, run.birth.directory)
    before, after = read_arguments(command.arguments).plain, now.arguments.plain
    if before == after:
        return "arguments or environment variables"
    return f"{' '.join(before) or UNSET} → {' '.join(after) or UNSET}"


def _params_apart(run: Recorded, now: Beginning) -> Iterator[tuple[str, Any, Any]]:
    """Yield name and both values of each param that differs, apart from places of output."""
    for name in sorted({*run.params, *(now.params or {})}):
        before, after = run.params.get(name, UNSET), (now.params or {}).get(name, UNSET)
        if before != after and role(name, after) not in ("output", "log"):
            yield name, before, after


def _told_apart(
    run: Recorded, now: Beginning, defaults: Mapping[str, Any]
) -> Iterator[tuple[str, Any, Any]]:
    """Yield name and both values of each option that is given differently."""
    params = {plain_name(name): value for name, value in run.params.items()}
    params |= {name.rpartition("/")[2]: value for name, value in list(params.items())}
    asked = fingerprint.without_outputs(now.arguments)[0]
    before: dict[str, list[str]] = {}
    if any(name not in params for name in (*asked, *run.fingerprint.options)):
        command = program_of(run.birth.command, run.birth.directory)
        before = read_arguments(command.arguments).named
    for name, words in asked.items():
        if name in params:
            is_told = fingerprint.told_words(words, params[name]) > 0
            if not is_told and (words or params[name] is not True):
                yield name, params[name], " ".join(words)
        elif before.get(name) != words:
            yield name, " ".join(before.get(name, [UNSET])), " ".join(words)
    for name in run.fingerprint.options:
        value = params.get(name, " ".join(before.get(name, [UNSET])))
        if name not in asked and (name not in defaults or defaults[name] != value):
            yield name, value, "its default"


# What was imported, opened and installed


def _code(run: Recorded, now: Beginning) -> Iterator[tuple[Part, list[str] | None]]:
    sources = _files_now(run, "source", now)
    changed = _changed(sources, now) if sources else None
    yield "code", None if changed is None else list(changed)
    if changed:
        yield "tree", [name for name, pair in changed.items() if not _means_the_same(*pair, now)]


def _data(run: Recorded, now: Beginning) -> list[str] | None:
    if not run.fingerprint.has_inputs or any(
        line.omitted for line in run.files if line.role == "input"
    ):
        return None
    if any(_has_moved(artifact.name.partition(":")[0], run, now.root) for artifact in run.used):
        return None
    met = _files_now(run, "input", now)
    changed = _changed(met, now)
    if changed is None or (not changed and _may_read_more(met, run, now)):
        return None
    return list(changed)


def _may_read_more(met: Mapping[Path, SeenFile], run: Recorded, now: Beginning) -> bool:
    """Whether a file has come since beside others of its kind that a run read: a program that reads
    all of a folder (`data/*.csv`) would read it, too. Beside the script lies all sorts of things:
    there it must have read two.
    """
    counts = Counter((path.parent, path.suffix) for path in met)
    crowded = {Path(now.directory), Path(now.program.file).parent}
    kinds = {kind for kind, count in counts.items() if count > 1 or kind[0] not in crowded}
    if not kinds:
        return False
    known = {*met, *_files_now(run, "output", now), *_files_now(run, "source", now)}
    try:
        for folder in {folder for folder, _ in kinds}:
            for entry in os.scandir(folder):
                path = Path(entry.path)
                if (folder, path.suffix) not in kinds or path in known or not entry.is_file():
                    continue
                if entry.stat().st_ctime > run.birth.created:
                    return True
    except OSError:
        return True
    return False


def _has_moved(dataset: str, run: Recorded, root: Path) -> bool:
    """Whether the name of a data set may mean other data than it did for a run: versions, splits or
    aliases were made since.
    """
    folder = root / "datasets" / dataset
    if not folder.is_dir():
        return False  # no data set: an artifact, whose content never changes
    from peira.data.catalog import ALIAS
    from peira.lab.journal import Journal

    since = run.end.time if run.end is not None else run.birth.created
    made = [path.stat().st_mtime for path in folder.rglob("*.json")]
    aliases = Journal(root).standing(ALIAS).items()
    decided = [alias.time for name, alias in aliases if name.startswith(f"{dataset}/")]
    return max([*made, *decided], default=0.0) > since


def _changed(
    met: Mapping[Path, SeenFile], now: Beginning
) -> dict[str, tuple[Path, SeenFile]] | None:
    """Return the files whose content is not what it was, by name; None when that is not known of
    all.
    """
    changed = {}
    for path, file in met.items():
        try:
            found = path.stat()
        except OSError:
            changed[file.path] = (path, file)
            continue
        if found.st_size == file.size and abs(found.st_mtime - file.modified) < SAME_TIME_S:
            continue  # nobody has written to it since
        digest = now.digest(path)
        if digest is None or file.object is None:
            return None
        if digest != file.object:
            changed[file.path] = (path, file)
    return changed


def _means_the_same(path: Path, file: SeenFile, now: Beginning) -> bool:
    """Whether a changed file of code differs only in layout, comments and docstrings."""
    before, after = now.content(file.object or ""), now.text(path)
    if before is None or after is None:
        return False
    return read_syntax(before).tree == read_syntax(after).tree


def _files_now(run: Recorded, role: FileRole, now: Beginning) -> dict[Path, SeenFile]:
    """Return the files that the earlier run met, by the place where they would be met now."""
    return {
        Path(_root_now(root, run, now), path): file
        for (root, path), file in files(run, role).items()
    }


def _root_now(root: str, run: Recorded, now: Beginning) -> str:
    """Return the folder that stands to the script, else to the working directory, as `root` did: in
    another copy of the project it is another one.
    """
    then = program_of(run.birth.command, run.birth.directory)
    place, other = os.path.dirname(then.file), os.path.dirname(now.program.file)  # noqa: PTH120
    if not place or not other:
        place, other = run.birth.directory, now.directory
    if not root or not place or place == other:
        return root
    return os.path.normpath(Path(other, os.path.relpath(root, place)))


def _env(run: Recorded, now: Beginning) -> list[str] | None:
    if not run.fingerprint.env:
        return None
    said: list[str] = []
    before = packages(run) or {}
    if before:
        after = fingerprint.imported_versions({**now.packages(), "imported": list(before)})
        said += _pairs_apart(before, after)
    if python(run) != NO_PYTHON:
        versions = python(run), now.python()
        if len({".".join(version.split(".")[:2]) for version in versions}) > 1:
            said.append(f"python {versions[0]} → {versions[1]}")
    if "environment" in run.captured:
        recorded = environment((), now.environment)["variables"]
        said += _pairs_apart(numeric_variables(variables(run)), numeric_variables(recorded))
    devices = accelerators(run.captured.get("host", {})), sorted(set(now.accelerators()))
    if devices[0] != devices[1] and "host" in run.captured:
        said.append("GPU " + " → ".join(", ".join(models) or "none" for models in devices))
    return said


def _pairs_apart(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    return [
        f"{name} {before.get(name, UNSET)} → {after.get(name, UNSET)}"
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]
