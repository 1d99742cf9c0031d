"""Reading lines: what is damaged costs itself only, and is told (P03, P04, F07)."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peira.record import lines, points, reader
from peira.record.events import Alive, Note


def rows(count: int) -> list[bytes]:
    """Return bodies of a points file: a declaration and rows whose value tells their step."""
    return [points.declaration(0, ["x"])] + [
        points.row(0, step, 1.5e9 + step, [step * 0.1]) for step in range(count)
    ]


def written(bodies: list[bytes]) -> bytes:
    return b"".join(map(lines.frame, bodies))


def steps_and_values(bodies: list[bytes]) -> list[tuple[int, float]]:
    """Return what `bodies` hold, and check that each value is the one that was written."""
    decoded = points.decode(bodies, {0: ("x",)})
    assert not decoded.bad and not decoded.undeclared
    found = [
        (int(step), float(value))
        for block in decoded.blocks
        for step, value in zip(block.steps, block.values[:, 0], strict=True)
    ]
    assert all(value == step * 0.1 for step, value in found)
    return found


def test_all_comes_back() -> None:
    """Whole lines are read, in order, with their offsets."""
    bodies = rows(100)
    data = written(bodies)
    found = reader.scan(data, 1000)
    assert found.bodies == bodies
    assert found.consumed == len(data)
    assert not found.damages
    for body, offset in zip(found.bodies, found.offsets, strict=True):
        assert data[offset - 1000 :].startswith(body)


@pytest.mark.parametrize("size_bytes", [2_000, pytest.param(64 << 10, marks=pytest.mark.soak)])
def test_truncated_at_every_byte(size_bytes: int) -> None:
    """Wherever a file ends, the records before are read and are right; a live tail is not damage
    (P03).
    """
    bodies = rows(size_bytes // 30)
    data = written(bodies)[:size_bytes]
    for end in range(len(data) + 1):
        live = reader.scan(data[:end])
        assert live.bodies == bodies[: len(live.bodies)]
        assert live.bodies == bodies[: data.count(b"\n", 0, end)]
        assert not live.damages
        ended = reader.scan(data[:end], is_final=True)
        assert ended.bodies[: len(live.bodies)] == live.bodies
        rest = end - live.consumed
        assert len(ended.damages) + len(ended.bodies) - len(live.bodies) == (rest > 0)


@pytest.mark.parametrize("zeros", [1, 10, 4096, 70_000])
def test_zeros_at_the_end(zeros: int) -> None:
    """A block of zeros, as a crash of the system leaves it, is told and hides nothing (P03)."""
    bodies = rows(50)
    data = written(bodies) + b"\0" * zeros
    assert not reader.scan(data).damages
    found = reader.scan(data, is_final=True)
    assert found.bodies == bodies
    assert [(d.offset, d.length) for d in found.damages] == [(len(data) - zeros, zeros)]


@pytest.mark.parametrize("flips", [300, pytest.param(10_000, marks=pytest.mark.soak)])
def test_flipped_bits(flips: int) -> None:
    """A flipped bit costs at most the record it is in, is told at its place, and gives no wrong
    value (P04).
    """
    bodies = rows(200)
    data = written(bodies)
    draw = random.Random(4)
    for _ in range(flips):
        place, bit = draw.randrange(len(data)), 1 << draw.randrange(8)
        damaged = bytearray(data)
        damaged[place] ^= bit
        found = reader.scan(bytes(damaged), is_final=True)
        assert len(found.bodies) >= len(bodies) - 1
        steps_and_values([body for body in found.bodies if body != bodies[0]])
        (damage,) = found.damages
        assert damage.offset <= place + 1 and place <= damage.offset + damage.length


@pytest.mark.parametrize("blocks", [50, pytest.param(1_000, marks=pytest.mark.soak)])
def test_zeroed_blocks(blocks: int) -> None:
    """A zeroed block costs the records it touches, and one note (P04)."""
    bodies = rows(500)
    data = written(bodies)
    draw = random.Random(5)
    for _ in range(blocks):
        place = draw.randrange(len(data) - 512)
        damaged = data[:place] + bytes(512) + data[place + 512 :]
        found = reader.scan(damaged, is_final=True)
        first, last = data.count(b"\n", 0, place), data.count(b"\n", 0, place + 512)
        assert len(found.bodies) >= len(bodies) - (last - first + 1)
        steps_and_values([body for body in found.bodies if body != bodies[0]])
        assert len(found.damages) == 1


def test_swapped_segments() -> None:
    """Two segments in the wrong order cost the records at their edges, and no value is wrong
    (P04).
    """
    bodies = rows(2000)
    data = written(bodies)
    size = 4096
    swapped = data[:size] + data[3 * size : 4 * size] + data[2 * size : 3 * size]
    swapped += data[size : 2 * size] + data[4 * size :]
    found = reader.scan(swapped, is_final=True)
    assert len(found.bodies) >= len(bodies) - 8
    steps_and_values([body for body in found.bodies if body != bodies[0]])
    assert found.damages


def test_lost_line_feed_costs_nothing() -> None:
    """Records that a flipped line feed glued together are both read."""
    bodies = rows(3)
    data = written(bodies).replace(b"\n", b"\x0b", 2)
    found = reader.scan(data)
    assert found.bodies == bodies
    assert len(found.damages) == 1


def test_a_line_feed_alone_is_not_damage() -> None:
    """A writer ends a torn line with a line feed before the next record; an empty line is not
    told.
    """
    first, second = written(rows(0)), written([b"[0,1,2.0,3.0]"])
    assert reader.scan(first + b"\n" + second).damages == []
    torn = reader.scan(first + b"[0,1,2\n" + second)
    assert [d.length for d in torn.damages] == [6]
    assert len(torn.bodies) == 2


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes(data: bytes, is_final: bool) -> None:
    """No bytes raise, and what is consumed is whole lines."""
    found = reader.scan(data, is_final=is_final)
    assert found.consumed == (len(data) if is_final else data.rfind(b"\n") + 1)
    points.decode(found.bodies)
    reader.events(found)


@given(st.lists(st.binary(max_size=40).map(lambda b: b"[" + b.translate(None, b"\t\n"))))
def test_framed_bytes_come_back(bodies: list[bytes]) -> None:
    """Whatever is framed is read back, in both the fast and the careful way."""
    assert reader.scan(written(bodies)).bodies == bodies
    assert reader.scan(b"bad\n" + written(bodies)).bodies == bodies


def test_chunks_are_bounded(tmp_path: Path) -> None:
    """A file is read in pieces that follow one another, also from the middle."""
    bodies = rows(5000)
    path = tmp_path / "points.jsonl"
    path.write_bytes(written(bodies))
    pieces = list(reader.chunks(path, chunk_bytes=1000))
    assert len(pieces) > 100
    assert [body for piece in pieces for body in piece.bodies] == bodies
    middle = pieces[50].base_offset
    assert next(reader.chunks(path, middle, chunk_bytes=1000)).bodies == pieces[50].bodies


def test_chunks_of_nothing(tmp_path: Path) -> None:
    """A missing or an empty file yields nothing."""
    assert list(reader.chunks(tmp_path / "no")) == []
    (tmp_path / "empty").touch()
    assert list(reader.chunks(tmp_path / "empty", is_final=True)) == []


@pytest.mark.parametrize("has_end", [True, False])
def test_a_huge_line_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_end: bool
) -> None:
    """A line over the limit is told and passed, not held in memory (F07)."""
    monkeypatch.setattr(reader, "LINE_BYTES_MAX", 10_000)
    path = tmp_path / "points.jsonl"
    tail = b"\n" + written(rows(1)) if has_end else b""
    path.write_bytes(b"x" * 30_000 + tail)
    pieces = list(reader.chunks(path, chunk_bytes=1000, is_final=True))
    assert sum(len(piece.bodies) for piece in pieces) == (2 if has_end else 0)
    assert [d.reason for piece in pieces for d in piece.damages] == ["line too long"]


def test_unknown_and_wrong_events_are_told() -> None:
    """Kinds of a newer Peira and malformed events are skipped with a note each (F07)."""
    bodies = [
        lines.encode(Note(time=1.0, text="a")),
        lines.frame(b'{"kind":"future","time":1.0,"x":1}'),
        lines.frame(b'{"kind":"note","time":"late","text":"a"}'),
        lines.frame(b'{"kind":"note","time":1.0,"text":"\xff"}'),
        lines.frame(b"[" * 10_000 + b"]" * 10_000),
        lines.encode(Alive(time=2.0)),
    ]
    found = reader.events(reader.scan(b"".join(bodies)))
    assert [type(event) for _, event in found.records] == [Note, Alive]
    reasons = [damage.reason for damage in found.damages]
    assert reasons[0] == "unknown kind of event 'future'"
    assert "does not fit its form" in reasons[1]
    assert len(reasons) == 4
