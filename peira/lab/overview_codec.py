"""The bytes of an overview, as the index keeps them. See `docs/formats/overview.md`.

Every array is written in the narrowest form that gives back exactly the same numbers: steps that
rise evenly as start and stride, times as microseconds behind the first, values as float32 when they
were born as such. The same overview always has the same bytes.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar
from zlib import crc32

import numpy as np

from peira.core.errors import DamagedError
from peira.lab.overview import (
    INT_ARRAYS,
    TIME_ARRAYS,
    VALUE_ARRAYS,
    Buckets,
    Overview,
    Section,
    Totals,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

T = TypeVar("T")

VERSION: Final = 1

_HEAD: Final = struct.Struct("<BIH")  # version, checksum of the rest, sections
_TOTALS: Final = struct.Struct("<QQdqddqddqdqd")
_EVEN: Final = struct.Struct("<Bqq")  # form, start, stride
_OFFSETS: Final = struct.Struct("<Bq")  # form, least
_CONSTANT: Final = struct.Struct("<Bd")

EVEN, OFFSET_8, OFFSET_16, OFFSET_32, RAW_64 = range(5)
CONSTANT, SINGLE, DOUBLE, MICROSECONDS = range(16, 20)
_NARROW: Final[dict[int, np.dtype[Any]]] = {
    OFFSET_8: np.dtype("<u1"),
    OFFSET_16: np.dtype("<u2"),
    OFFSET_32: np.dtype("<u4"),
}
_INT64: Final = np.dtype("<i8")
_FLOAT32: Final = np.dtype("<f4")
_FLOAT64: Final = np.dtype("<f8")

Memo = dict[int, tuple[object, bytes]]
"""Bytes of arrays that several overviews share (steps and times of one log call), by identity."""


def encode(overview: Overview, memo: Memo | None = None) -> bytes:
    """Return the bytes of an overview, the same ones for the same points.

    Args:
        memo: keep it over the metrics of one run; shared steps and times are then encoded once.
    """
    overview.sort()
    memo = {} if memo is None else memo
    parts: list[bytes] = []
    for section in overview.sections:
        _put_section(parts, section, memo)
    rest = struct.pack("<H", len(overview.sections)) + b"".join(parts)
    return struct.pack("<BI", VERSION, crc32(rest)) + rest


def decode(data: bytes) -> Overview:
    """Return the overview stored as `data`.

    Raises:
        DamagedError: the bytes are not those that were stored.
    """
    if len(data) < _HEAD.size:
        raise DamagedError(f"An overview in the index has only {len(data)} bytes.")
    version, told, count = _HEAD.unpack_from(data)
    if version != VERSION or told != crc32(memoryview(data)[5:]):
        raise DamagedError("The checksum of an overview in the index does not fit.")
    overview = Overview()
    reader = _Reader(data, _HEAD.size)
    for _ in range(count):
        overview.sections.append(_get_section(reader))
    return overview


def _put_section(parts: list[bytes], section: Section, memo: Memo) -> None:
    writer = section.writer.encode("utf-8")[:255]
    buckets = section.buckets
    if buckets is None:
        parts.append(struct.pack("<BB", 0, len(writer)) + writer)
        parts.append(struct.pack("<I", section.count))
        parts.append(_remembered(memo, section.steps, _ints))
        parts.append(_remembered(memo, section.times, _times))
        parts.append(_floats(section.values))
        return
    totals = section.totals
    parts.append(struct.pack("<BB", buckets.width.bit_length() - 1, len(writer)) + writer)
    parts.append(struct.pack("<I", len(buckets.first)))
    parts.append(_put_totals(totals))
    parts.extend(_ints(getattr(buckets, name)) for name in INT_ARRAYS)
    parts.extend(_times(getattr(buckets, name)) for name in TIME_ARRAYS)
    parts.extend(_floats(getattr(buckets, name)) for name in VALUE_ARRAYS)


def _put_totals(totals: Totals) -> bytes:
    return _TOTALS.pack(
        totals.count, totals.nonfinite,
        totals.first, totals.first_step, totals.first_time,
        totals.last, totals.last_step, totals.last_time,
        math.nan if totals.min is None else totals.min, totals.min_step or 0,
        math.nan if totals.max is None else totals.max, totals.max_step or 0,
        totals.sum,
    )  # fmt: skip


def _remembered(memo: Memo, array: T, put: Callable[[T], bytes]) -> bytes:
    found = memo.get(id(array))
    if found is not None:
        return found[1]
    data = put(array)
    memo[id(array)] = (array, data)  # the array is kept, so that its identity stays its own
    return data


def _ints(array: Ints) -> bytes:
    """Return the narrowest exact form of integers."""
    if len(array) == 0:
        return _EVEN.pack(EVEN, 0, 0)
    start = int(array[0])
    if len(array) == 1:
        return _EVEN.pack(EVEN, start, 0)
    strides = array[1:] - array[:-1]  # wraps around, and so does adding it up again
    if bool((strides == strides[0]).all()):
        return _EVEN.pack(EVEN, start, int(strides[0]))
    least = int(array.min())
    spread = int(array.max()) - least
    for form, bits in ((OFFSET_8, 8), (OFFSET_16, 16), (OFFSET_32, 32)):
        if spread < 1 << bits:
            return _OFFSETS.pack(form, least) + (array - least).astype(_NARROW[form]).tobytes()
    return bytes((RAW_64,)) + array.astype(_INT64).tobytes()


def _times(array: Floats) -> bytes:
    """Return times as whole microseconds when they are, else as any numbers."""
    if len(array) and bool((np.abs(array) < 9e12).all()):
        microseconds = np.rint(array * 1e6).astype(np.int64)
        if bool((microseconds / 1e6 == array).all()):
            return bytes((MICROSECONDS,)) + _ints(microseconds)
    return _floats(array)


def _floats(array: Floats) -> bytes:
    """Return the narrowest form of numbers that gives back the same bits (NaN: a NaN)."""
    if len(array) == 0:
        return _CONSTANT.pack(CONSTANT, 0.0)
    with np.errstate(over="ignore"):
        single = array.astype(_FLOAT32)
    # NaN differs from itself: the first test decides nearly always, the second looks closer.
    if bool((single == array).all()) or bool(((single == array) | np.isnan(array)).all()):
        bits = single.view(np.uint32)
        if bool((bits == bits[0]).all()):
            return _CONSTANT.pack(CONSTANT, float(single[0]))
        return bytes((SINGLE,)) + single.tobytes()
    return bytes((DOUBLE,)) + array.astype(_FLOAT64).tobytes()


class _Reader:
    """A place in the bytes of an overview."""

    __slots__ = ("at", "data")

    def __init__(self, data: bytes, at: int) -> None:
        self.data = data
        self.at = at

    def ints(self, count: int) -> Ints:
        form = self.data[self.at]
        if form == EVEN:
            _, start, stride = _EVEN.unpack_from(self.data, self.at)
            self.at += _EVEN.size
            array = np.arange(count, dtype=np.int64)
            if stride != 1:
                array *= stride
            array += start
            return array
        if form == RAW_64:
            return self._take(_INT64, count, 1).astype(np.int64)
        _, least = _OFFSETS.unpack_from(self.data, self.at)
        array = self._take(_NARROW[form], count, _OFFSETS.size).astype(np.int64)
        array += least
        return array

    def floats(self, count: int) -> Floats:
        form = self.data[self.at]
        if form == SINGLE:
            return self._take(_FLOAT32, count, 1).astype(np.float64)
        if form == MICROSECONDS:
            self.at += 1
            return self.ints(count) / 1e6
        if form == CONSTANT:
            _, value = _CONSTANT.unpack_from(self.data, self.at)
            self.at += _CONSTANT.size
            return np.full(count, value)
        return self._take(_FLOAT64, count, 1).astype(np.float64)

    def _take(self, kind: np.dtype[Any], count: int, skip: int) -> NDArray[Any]:
        array: NDArray[Any] = np.frombuffer(self.data, kind, count, self.at + skip)
        self.at += skip + kind.itemsize * count
        return array

    def head(self) -> tuple[int, str, int]:
        """Return the form of a section, its writer, and the number of points or buckets."""
        form, length = self.data[self.at], self.data[self.at + 1]
        writer = self.data[self.at + 2 : self.at + 2 + length].decode("utf-8")
        self.at += 2 + length
        (count,) = struct.unpack_from("<I", self.data, self.at)
        self.at += 4
        return form, writer, count


def _get_section(reader: _Reader) -> Section:
    form, writer, count = reader.head()
    if form == 0:
        return Section(writer, reader.ints(count), reader.floats(count), reader.floats(count))
    totals = _get_totals(reader)
    arrays: dict[str, Any] = {name: reader.ints(count) for name in INT_ARRAYS}
    arrays.update({name: reader.floats(count) for name in TIME_ARRAYS + VALUE_ARRAYS})
    return Section(writer, buckets=Buckets(1 << form, **arrays), known=totals)


def _get_totals(reader: _Reader) -> Totals:
    fields = _TOTALS.unpack_from(reader.data, reader.at)
    reader.at += _TOTALS.size
    totals = Totals(*fields)
    if totals.min is not None and math.isnan(totals.min):
        totals.min, totals.min_step, totals.max, totals.max_step = None, None, None, None
    return totals
