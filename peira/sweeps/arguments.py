"""How a program is given the params of a trial.

{lr} in its words              peira sweep ./train.sh {lr} {batch}      the value stands there
a program that uses Hydra      lr=0.1
a constant of a plain script   LR = 0.1 in the script gets another value, as by `peira run --set`
all else                       --lr 0.1; `--kernel_size` or `--kernel-size` as its text says
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, NamedTuple

from peira.core.errors import UsageError
from peira.launch.script import Script, find_script, read_script
from peira.sweeps.domain import Value
from peira.sweeps.options import literal_options

Way = Literal["word", "hydra", "constant", "flag"]
_TEXT_BYTES_MAX = 4 << 20
_HYDRA_WORD = re.compile(r"[\w./:-]+")


class Given(NamedTuple):
    """What a program is given in one trial."""

    command: list[str]
    settings: dict[str, Any]
    """Other values for the constants of its script."""


class Arguments:
    """How one program is given params.

    Args:
        command: as it is executed, with `{name}` where a value is to stand.

    Raises:
        UsageError: a param would not reach the program.
    """

    def __init__(self, command: Sequence[str], directory: Path, names: Sequence[str]) -> None:
        self.command = list(command)
        path = find_script(command, directory)
        self.script: Script | None = None if path is None else read_script(path)
        self._text = _read_text(path or _own_file(command, directory))
        self._imports = set(re.findall(r"^\s*(?:import|from)\s+(\w+)", self._text, re.MULTILINE))
        self.ways: dict[str, Way] = {name: self._way(name) for name in names}
        self._refuse_same()
        self._refuse_unknown()

    def given(self, params: Mapping[str, Value]) -> Given:
        """Return the command line and the settings of a trial."""
        words = [self._filled(word, params) for word in self.command]
        settings: dict[str, Any] = {}
        for name, value in params.items():
            way = self.ways.get(name, "flag")
            if way == "hydra":
                words.append(f"{name}={_hydra(value)}")
            elif way == "constant":
                settings[name] = value
            elif way == "flag":
                words += self._flag(name, value)
        return Given(words, settings)

    def takes(self, name: str) -> bool:
        """Whether the program is known to take a param: it stands in its words or its text."""
        is_constant = self.script is not None and name in self.script.constants
        is_word = any(f"{{{name}}}" in word for word in self.command)
        return is_word or is_constant or bool(self._spelled(name))

    def _refuse_same(self) -> None:
        """Two params may not be one option: the program would take the last of them."""
        seen: dict[str, str] = {}
        for name in self._flags():
            other = seen.setdefault(name.replace("-", "_"), name)
            if other != name:
                raise UsageError(
                    f"{other} and {name} are the same option of the program.",
                    hint="Leave one of them out.",
                )

    def _refuse_unknown(self) -> None:
        """What no option of the program is called would make each trial fail."""
        names = self._flags()
        options = None if not names or self.script is None else literal_options(self._text)
        if not options:
            return
        known = {option.lstrip("-").replace("-", "_") for option in options}
        for name in names:
            wanted = name.replace("-", "_")
            if any(option.startswith(wanted) for option in known):  # argparse takes beginnings
                continue
            near = get_close_matches(wanted, sorted(known), n=1)
            raise UsageError(
                f"{name} would not reach the program: it has no option --{name}.",
                hint=f"Did you mean {near[0]}?"
                if near
                else f"It has {', '.join(sorted(options))}. Or write {{{name}}} where the value is"
                " to stand.",
            )

    def _flags(self) -> list[str]:
        return [name for name, way in self.ways.items() if way == "flag"]

    def _way(self, name: str) -> Way:
        if any(f"{{{name}}}" in word for word in self.command):
            return "word"
        if "hydra" in self._imports:
            return "hydra"
        script = self.script
        if script is None or script.has_flags:
            return "flag"
        if name in script.constants:
            return "constant"
        if "argv" in self._text or self._spelled(name):
            return "flag"
        try:
            script.setting(name, 0)
        except UsageError as error:
            raise UsageError(
                f"{name} would not reach the program: {error.message}",
                hint=error.hint
                or f"Let it read its command line, or write {{{name}}} where the"
                " value is to stand.",
            ) from error
        raise AssertionError  # `setting` knows the constants, and this is none of them

    def _filled(self, word: str, params: Mapping[str, Value]) -> str:
        """Return a word with the values in their places; of a param that the trial does not have,
        or that is null, nothing stands there.
        """
        named = [re.escape(name) for name, way in self.ways.items() if way == "word"]
        if not named:
            return word
        return re.sub(rf"{{({'|'.join(named)})}}", lambda m: _text(params.get(m[1])), word)

    def _spelled(self, name: str) -> str:
        """Return the option as the program's text spells it, or nothing."""
        found = self._place(name)
        return found[0] if found else ""

    def _place(self, name: str) -> re.Match[str] | None:
        pattern = "[_-]".join(map(re.escape, re.split("[_-]", name)))
        return re.search(rf"--{pattern}(?![\w-])", self._text)

    def _flag(self, name: str, value: Value) -> list[str]:
        place = self._place(name)
        as_typer = name.replace("_", "-") if "typer" in self._imports else name
        option = place[0] if place else f"--{as_typer}"
        if value is None:
            return []
        if isinstance(value, bool):
            return self._switch(option, self._declared(place), is_on=value)
        return (
            [option, _text(value)]
            if not _text(value).startswith("-")
            else [f"{option}={_text(value)}"]
        )

    def _declared(self, place: re.Match[str] | None) -> str:
        """Return the text that declares an option, from its name to the next declaration."""
        if place is None:
            return ""
        end = self._text.find("\n\n", place.start())
        text = self._text[place.start() : end if end > 0 else None]
        return re.split(r"add_argument|@click", text)[0]

    def _switch(self, option: str, declared: str, *, is_on: bool) -> list[str]:
        """An option that is true or false, as the program declares it."""
        off = f"--no-{option[2:]}"
        if "store_true" in declared or ("is_flag" in declared and off not in declared):
            return [option] if is_on else []
        if "store_false" in declared:
            return [] if is_on else [option]
        if "BooleanOptionalAction" in declared or off in declared or "typer" in self._imports:
            return [option if is_on else off]
        if "argparse" in self._imports and re.search(r"type\s*=\s*bool\b", declared):
            return [f"{option}={is_on or ''}"]  # bool("False") is true; of no text it is false
        return [f"{option}={is_on}"]


def _own_file(command: Sequence[str], directory: Path) -> Path | None:
    """Return the file of a program in another language, where its words name one."""
    for word in command[:3]:
        path = directory / word
        if not word.startswith("-") and path.is_file():
            return path
    return None


def _read_text(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        with path.open("rb") as stream:
            data = stream.read(_TEXT_BYTES_MAX)
    except OSError:
        return ""
    return "" if b"\0" in data else data.decode("utf-8", "replace")


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _hydra(value: Value) -> str:
    """Return a value as an override of Hydra spells it: a text that reads as something else, or has
    other characters than those of a plain word, in quotes. In them only a quote, and backslashes
    before one, are escaped.
    """
    if value is None:
        return "null"
    if isinstance(value, str) and (_HYDRA_WORD.fullmatch(value) is None or _is_other(value)):
        escaped = re.sub(r"(\\*)'", r"\1\1\\'", value)
        return "'" + re.sub(r"(\\+)$", r"\1\1", escaped) + "'"
    return _text(value)


def _is_other(text: str) -> bool:
    """Whether Hydra reads a plain word as a number, a truth or null."""
    try:
        float(text)
    except ValueError:
        return text.lower() in ("true", "false", "null")
    return True
