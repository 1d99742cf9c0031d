"""The encoding of rows: what was written is read, to the bit (P25)."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peira.record import points

floats = st.floats(width=64, allow_nan=True, allow_infinity=True)
steps = st.integers(points.STEP_MIN, points.STEP_MAX)
times = st.floats(0, 4e9).map(lambda t: round(t, 6))


def bits(value: float) -> bytes:
    """Return the bytes of a float; every NaN is the same."""
    return b"nan" if math.isnan(value) else struct.pack("<d", value)


@given(st.lists(st.tuples(steps, times, floats, floats), min_size=1, max_size=20))
def test_bit_equal(given_rows: list[tuple[int, float, float, float]]) -> None:
    """Steps, times and values come back as they went in, whatever they are."""
    bodies = [points.declaration(7, ["a", "b"])]
    bodies += [points.row(7, step, time, values) for step, time, *values in given_rows]
    (block,) = points.decode(bodies).blocks
    assert block.keys == ("a", "b")
    assert block.steps.tolist() == [row[0] for row in given_rows]
    assert block.times.tolist() == [row[1] for row in given_rows]
    for found, row in zip(block.values.tolist(), given_rows, strict=True):
        assert [bits(v) for v in found] == [bits(v) for v in row[2:]]


@pytest.mark.parametrize(
    "value", [0.0, -0.0, 5e-324, -5e-324, 1.7976931348623157e308, 0.1, 1e16, 2.0**53, 1e-7]
)
def test_special_values(value: float) -> None:
    """Signed zero, subnormals and the largest numbers keep every bit."""
    (block,) = points.decode([points.row(0, 0, 0.0, [value])], {0: ("x",)}).blocks
    assert bits(block.values[0, 0]) == bits(value)


@given(st.floats(width=32))
def test_float32_is_exact(value: float) -> None:
    """A float32 is a float64 without loss."""
    (block,) = points.decode([points.row(0, 0, 0.0, [value])], {0: ("x",)}).blocks
    assert np.float32(block.values[0, 0]).tobytes() == np.float32(value).tobytes() or value != value


def test_rows_know_their_order() -> None:
    """Blocks of several key sets tell the place of each row in the file."""
    bodies = [
        points.declaration(0, ["a"]),
        points.declaration(1, ["b"]),
        *(points.row(number % 2, number, 1.0, [0.0]) for number in range(6)),
    ]
    first, second = points.decode(bodies).blocks
    assert first.rows.tolist() == [2, 4, 6]
    assert second.rows.tolist() == [3, 5, 7]


def test_a_later_declaration_serves_earlier_rows() -> None:
    """A damaged declaration costs nothing when a copy of it follows in what is decoded."""
    bodies = [points.row(3, 1, 1.0, [2.0]), points.declaration(3, ["a"])]
    decoded = points.decode(bodies)
    assert decoded.blocks[0].values.tolist() == [[2.0]]
    assert decoded.key_sets == {3: ("a",)}


def test_undeclared_rows_are_named() -> None:
    """Rows whose key set is not known yet are not guessed at: their indices are returned."""
    decoded = points.decode([points.row(3, 1, 1.0, [2.0])] * 2)
    assert decoded.undeclared == [0, 1]
    assert decoded.blocks == []


def test_one_number_for_two_key_sets() -> None:
    """The first declaration stands; another one is told."""
    bodies = [points.declaration(0, ["a"]), points.declaration(0, ["b"])]
    decoded = points.decode(bodies)
    assert decoded.key_sets == {0: ("a",)}
    assert decoded.bad == [(1, "key set 0 is declared twice with different keys")]


@pytest.mark.parametrize(
    "body",
    [
        b"[0,1,2.0]",
        b"[0,1,2.0,3.0,4.0]",
        b'[0,"1",2.0,3.0]',
        b"[0,1.5,2.0,3.0]",
        b"[0,true,2.0,3.0]",
        b"[0,9223372036854775808,2.0,3.0]",
        b'[0,1,"NaN",3.0]',
        b"[0,1,2.0,null]",
        b"[0,1,2.0,true]",
        b'[0,1,2.0,"12"]',
        b"[0,1,2.0,[3]]",
        b"[0,1,2.0,1" + b"0" * 400 + b"]",
        b"{}",
        b"[]",
        b"",
        b"[0,1,2.0,3.0",
        b"[-1,1,2.0,3.0]",
        b'["k",0,[]]',
        b'["k",0,[1]]',
        b"[" * 5000,
        b'[0,1,2.0,"\xff"]',
    ],
)
def test_what_is_not_a_row(body: bytes) -> None:
    """A body that is no row is told, and the rows around it are read (F07)."""
    good = points.row(0, 5, 2.5, [1.25])
    decoded = points.decode([good, body, good], {0: ("x",)})
    assert [index for index, _ in decoded.bad] == [1]
    (block,) = decoded.blocks
    assert block.steps.tolist() == [5, 5]
    assert block.values.tolist() == [[1.25], [1.25]]


def test_nothing() -> None:
    """No bodies are no rows."""
    assert points.decode([]) == ([], {}, [], [])


def test_other_spellings() -> None:
    """JSON of another writer is read: spaces, integers for floats, exponents."""
    decoded = points.decode([b"[0 , 1, 2, 3e0]", b"[0,1,2.5,3]"], {0: ("x",)})
    assert sum(len(block.rows) for block in decoded.blocks) + len(decoded.bad) == 2
