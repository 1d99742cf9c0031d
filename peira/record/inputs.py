"""What a run is given: its params, a mapping that records what is set, and its tags."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from functools import partial
from typing import Any

from peira.core.clock import now_s
from peira.core.errors import UsageError
from peira.core.values import flatten, named_values, param_value, well_formed
from peira.record.events import Event, Params, Tags

TAG_CHARACTERS_MAX = 200

Attempt = Callable[[Callable[[], None]], None]
"""Does a piece of work, and decides what the program sees of its errors."""


class RunParams(MutableMapping[str, Any]):
    """The params of a run under their flat names; setting or updating records.

    >>> run.params["lr"] = 0.1                          # doctest: +SKIP
    >>> run.params.update({"net": {"layers": 3}})       # as net/layers      # doctest: +SKIP
    """

    def __init__(
        self,
        record: Callable[[Event], None],
        *,
        attempt: Attempt,
        redact: Callable[[str, Any], Any],
        on_rejected: Callable[[str, str], None],
    ) -> None:
        self._record = record
        self._attempt = attempt
        self._redact = redact
        self._on_rejected = on_rejected
        self._values: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.update({name: value})

    def __delitem__(self, name: str) -> None:
        def refuse() -> None:
            raise UsageError(f"The param {name!r} cannot be taken back: records are only added.")

        self._attempt(refuse)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"RunParams({self._values!r})"

    def update(self, values: Any = (), /, **named: Any) -> None:
        """Record all of `values` in one event: a mapping, pairs, a dataclass or a namespace.

        Raises:
            UsageError: in strict mode, when it has no named values, or a name cannot be.
        """
        self._attempt(partial(self._update, values, named))

    def _update(self, values: Any, named: dict[str, Any]) -> None:
        given = values if isinstance(values, Mapping) else _pairs(values)
        flat = {
            key: self._redact(key, param_value(value))
            for key, value in flatten({**given, **named}, self._on_rejected)
        }
        if flat:
            self._values.update(flat)
            self._record(Params(time=now_s(), values=flat))

    def events(self) -> list[Event]:
        """Return events that tell all params again."""
        return [Params(time=now_s(), values=dict(self._values))] if self._values else []


def _pairs(values: Any) -> Mapping[Any, Any]:
    try:
        return named_values(values)
    except UsageError:
        pass
    try:
        return dict(values)
    except (TypeError, ValueError):
        raise UsageError(
            f"params is a {type(values).__name__}.", hint="Give a dict, a dataclass or a namespace."
        ) from None


class RunTags:
    """The tags that the program gave its run."""

    def __init__(self, record: Callable[[Event], None], *, attempt: Attempt) -> None:
        self._record = record
        self._attempt = attempt
        self._tags: dict[str, None] = {}

    def add(self, *tags: str) -> None:
        """Give tags; those that are there already stay."""
        self._attempt(partial(self._add, tags))

    def _add(self, tags: tuple[str, ...]) -> None:
        new = [tag for tag in dict.fromkeys(map(_tag, tags)) if tag not in self._tags]
        if new:
            self._tags.update(dict.fromkeys(new))
            self._record(Tags(time=now_s(), add=new))

    def remove(self, *tags: str) -> None:
        """Take tags away; those that are not there are passed over."""
        self._attempt(partial(self._remove, tags))

    def _remove(self, tags: tuple[str, ...]) -> None:
        gone = [tag for tag in dict.fromkeys(map(_tag, tags)) if tag in self._tags]
        if gone:
            for tag in gone:
                self._tags.pop(tag, None)
            self._record(Tags(time=now_s(), remove=gone))

    def events(self) -> list[Event]:
        """Return events that tell all tags again."""
        return [Tags(time=now_s(), add=list(self._tags))] if self._tags else []

    def __contains__(self, tag: object) -> bool:
        return tag in self._tags

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._tags))

    def __len__(self) -> int:
        return len(self._tags)

    def __repr__(self) -> str:
        return f"RunTags({list(self._tags)!r})"


def tag_list(tags: str | Iterable[str] | None) -> list[str]:
    """Return tags given as one text or as several."""
    if tags is None:
        return []
    return [tags] if isinstance(tags, str) else list(tags)


def _tag(text: Any) -> str:
    tag = well_formed(str(text)).strip()
    if not tag or len(tag) > TAG_CHARACTERS_MAX:
        raise UsageError(
            f"{text!r:.60} is not a tag.", hint=f"Tags have 1 to {TAG_CHARACTERS_MAX} characters."
        )
    return tag
