"""Metric rows: their encoding and their fast decoding. See `docs/formats/points.md`.

A key set is declared once in its file, `["k",3,["loss","lr"]]`; a row is `[3, step, unix_time, v1,
v2]`. Non-finite values are the strings `"NaN"`, `"Infinity"`, `"-Infinity"`. Declarations are
repeated in the file, so that a damaged one costs nothing: `decode` collects those of all bodies it
is given before it looks at rows.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

if TYPE_CHECKING:
    from numpy import float64, int64, intp
    from numpy.typing import NDArray

KEY_SET_MARK = "k"
STEP_MIN, STEP_MAX = -(2**63), 2**63 - 1
NONFINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}

KeySets = dict[int, tuple[str, ...]]

_encode = msgspec.json.Encoder().encode
_decode_list = msgspec.json.Decoder(list[Any])


def declaration(number: int, keys: Sequence[str]) -> bytes:
    """Return the JSON that declares key set `number` of a file."""
    return _encode((KEY_SET_MARK, number, keys))


def row(number: int, step: int, time_s: float, values: Iterable[float]) -> bytes:
    """Return the JSON of one row; `values` are floats, or ints within ±2^53, in the order of the
    key set.

    >>> row(0, 1, 2.5, [0.1, float("nan")])
    b'[0,1,2.5,0.1,"NaN"]'
    """
    return _encode([number, step, time_s, *map(_plain, values)])


def _plain(value: float) -> float | str:
    if value - value == 0:  # finite
        return value
    if value != value:
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


class Block(NamedTuple):
    """The rows of one key set, in file order."""

    keys: tuple[str, ...]
    rows: NDArray[intp]
    """(n,) index of each row among the bodies: the order over all blocks."""
    steps: NDArray[int64]
    """(n,)"""
    times: NDArray[float64]
    """(n,) seconds since the epoch"""
    values: NDArray[float64]
    """(n, keys)"""


class Decoded(NamedTuple):
    """Rows of a piece of a points file."""

    blocks: list[Block]
    key_sets: KeySets
    """All key sets known now: those given and those declared here."""
    undeclared: list[int]
    """Indices of rows whose key set nobody has declared yet. Later bytes of the file may: decode
    them again with its key sets. If none does, they are lost with the declaration.
    """
    bad: list[tuple[int, str]]
    """Index and reason of each body that is no row and no declaration."""


def decode(bodies: Sequence[bytes], key_sets: KeySets | None = None) -> Decoded:
    """Decode the bodies of a points file into columns.

    Args:
        bodies: JSON of checked lines, as `reader.scan` gives them.
        key_sets: what earlier parts of the same file declared; not changed.
    """
    known = dict(key_sets or {})
    bad: list[tuple[int, str]] = []
    undeclared: list[int] = []
    groups = _group(bodies)
    for index in groups.pop(None, ()):
        reason = _declare(bodies[index], known)
        if reason:
            bad.append((index, reason))
    blocks: list[Block] = []
    for number, places in groups.items():
        keys = known.get(number) if number is not None else None
        if keys is None:
            undeclared.extend(places)
            continue
        members = bodies if len(places) == len(bodies) else [bodies[place] for place in places]
        block = _columns(keys, members, places) or _columns_slowly(keys, members, places, bad)
        if block is not None:
            blocks.append(block)
    return Decoded(blocks, known, sorted(undeclared), sorted(bad))


def _group(bodies: Sequence[bytes]) -> dict[int | None, Sequence[int]]:
    """Sort the indices of bodies by key set number; None holds all that is not a row."""
    starts = [body[: body.find(b",")] for body in bodies]
    distinct = set(starts)
    if len(distinct) == 1:
        return {_number(starts[0]): range(len(bodies))}
    numbers = {start: _number(start) for start in distinct}
    groups: dict[int | None, Sequence[int]] = defaultdict(list)
    for index, start in enumerate(starts):
        groups[numbers[start]].append(index)  # type: ignore[attr-defined]
    return dict(groups)


def _number(start: bytes) -> int | None:
    """Return the key set number that a row starts with (`[12`), or None."""
    digits = start[1:]
    return int(digits) if start[:1] == b"[" and digits.isdigit() and len(digits) < 10 else None


def _declare(body: bytes, known: KeySets) -> str:
    """Add a declaration to `known`; return why not, or an empty text."""
    match _decode_array(body):
        case ["k", int(number), [*keys]] if keys and all(type(key) is str for key in keys):
            if known.setdefault(number, tuple(keys)) != tuple(keys):
                return f"key set {number} is declared twice with different keys"
            return ""
    return "not a row"


def _decode_array(body: bytes) -> list[Any]:
    """Return the JSON array, or an empty list when `body` is none."""
    try:
        return _decode_list.decode(body)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return []


def _columns(
    keys: tuple[str, ...], members: Sequence[bytes], places: Sequence[int]
) -> Block | None:
    """Decode rows of one key set at once, or return None when one of them does not fit.

    All rows become one flat JSON array: a list of floats costs the garbage collector nothing, a
    list of lists does.
    """
    import numpy

    width = len(keys) + 3
    if {body.count(b",") for body in members} != {width - 1}:
        return None
    try:
        flat = _decode_list.decode(b"\n".join(members).replace(b"]\n[", b","))
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return None
    kinds = set(map(type, flat))
    if str in kinds:
        flat = [NONFINITE.get(value, value) if type(value) is str else value for value in flat]
        kinds = set(map(type, flat))
    if len(flat) != width * len(members) or not kinds <= {int, float}:
        return None
    steps = flat[1::width]
    if set(map(type, steps)) != {int}:
        return None
    try:
        table = numpy.fromiter(flat, numpy.float64, len(flat)).reshape(-1, width)  # (rows, width)
        exact_steps = numpy.fromiter(steps, numpy.int64, len(steps))
    except OverflowError:  # an integer of a foreign writer
        return None
    if not numpy.isfinite(table[:, 2]).all():
        return None
    where = numpy.asarray(places, numpy.intp)
    return Block(keys, where, exact_steps, table[:, 2].copy(), table[:, 3:])


def _columns_slowly(
    keys: tuple[str, ...],
    members: Sequence[bytes],
    places: Sequence[int],
    bad: list[tuple[int, str]],
) -> Block | None:
    """Decode rows one by one, telling those that do not fit; None when none does."""
    fitting: list[bytes] = []
    indices: list[int] = []
    for body, index in zip(members, places, strict=True):
        reason = _misfit(_decode_array(body), len(keys) + 3)
        if reason:
            bad.append((index, reason))
        else:
            fitting.append(_encode(_decode_array(body)))  # in our own spelling
            indices.append(index)
    return _columns(keys, fitting, indices) if fitting else None


def _misfit(row: list[Any], width: int) -> str:
    """Return why `row` is not a row of its key set, or an empty text."""
    if len(row) < 3:
        return "not a row"
    if len(row) != width:
        return f"row has {len(row) - 3} values, its key set {width - 3} keys"
    if type(row[1]) is not int or not STEP_MIN <= row[1] <= STEP_MAX:
        return "step is not a 64-bit integer"
    if type(row[2]) not in (int, float) or not _fits(row[2]):
        return "time is not a number"
    for value in row[3:]:
        if type(value) is str:
            if value not in NONFINITE:
                return "value is not a number"
        elif type(value) not in (int, float) or not _fits(value):
            return "value is not a number"
    return ""


def _fits(value: float) -> bool:
    """Whether float64 can take `value`: an integer of a foreign writer may be too large."""
    try:
        float(value)
    except OverflowError:
        return False
    return True
