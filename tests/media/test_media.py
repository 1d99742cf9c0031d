"""Sound, tables, histograms, figures, text and pages."""

from __future__ import annotations

import io
import json
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from peira.core.errors import UsageError
from peira.media import (
    Encoded,
    encode_audio,
    encode_figure,
    encode_histogram,
    encode_html,
    encode_table,
    encode_text,
)


def decoded(encoded: Encoded) -> Any:
    assert isinstance(encoded.data, bytes)
    return json.loads(encoded.data)


def test_integer_samples_are_exact() -> None:
    """16 bit samples come back bit-equal, with channels and rate."""
    samples = np.array([[0, 1], [-32768, 32767]], dtype=np.int16)
    encoded = encode_audio(samples, sample_rate=8_000)
    assert isinstance(encoded.data, bytes)
    with wave.open(io.BytesIO(encoded.data)) as file:
        assert (file.getnchannels(), file.getframerate()) == (2, 8_000)
        assert file.readframes(2) == samples.astype("<i2").tobytes()
    assert encoded.detail["duration_s"] == 2 / 8_000


def test_float_samples_are_clipped_and_counted() -> None:
    """What is outside [-1, 1] or not finite is counted, never wrapped around."""
    encoded = encode_audio([0.0, 2.0, float("nan"), -1.0], sample_rate=10)
    assert (encoded.detail["clipped"], encoded.detail["nonfinite"]) == (1, 1)


def test_audio_files_are_known_by_their_bytes(tmp_path: Path) -> None:
    """A file is stored as it is; the name says nothing."""
    for head, mime in ((b"fLaC", "flac"), (b"OggS", "ogg"), (b"ID3\x04", "mpeg")):
        path = tmp_path / "x.bin"
        path.write_bytes(head + b"\0" * 20)
        assert encode_audio(path).mime == f"audio/{mime}"


@pytest.mark.parametrize("value", [[[[1.0]]], "nowhere.wav", ["a"], [], None, np.zeros((99, 99))])
def test_what_is_no_audio_is_told(value: Any) -> None:
    """Anything else is refused."""
    with pytest.raises(UsageError):
        encode_audio(value, sample_rate=8_000)
    with pytest.raises(UsageError):
        encode_audio([0.0])


class Frame:
    """Answers as a pandas table does."""

    columns = ("a", "b")

    def itertuples(self, index: bool, name: None) -> Any:
        return iter([(1, "x"), (2, "y")])


@pytest.mark.parametrize(
    "value",
    [
        [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}],
        {"a": np.array([1, 2]), "b": ["x", "y"]},
        Frame(),
    ],
)
def test_tables_of_all_forms_are_the_same(value: Any) -> None:
    """Rows, columns and frames store the same bytes."""
    encoded = encode_table(value)
    assert decoded(encoded) == {"columns": ["a", "b"], "rows": [[1, "x"], [2, "y"]]}
    assert encoded.detail == {"columns": 2, "rows": 2}


def test_cells_that_json_lacks() -> None:
    """Non-finite numbers are their names, big integers and other things their text."""
    row = [float("nan"), np.float32("inf"), -float("inf"), 2**70, None, True, Path("p"), "\ud800"]
    stored = decoded(encode_table(rows=[row], columns=list("abcdefgh")))["rows"][0]
    assert stored == [
        "NaN", "Infinity", "-Infinity", str(2**70), None, True, "p", "\\ud800"
    ]  # fmt: skip


def test_a_long_table_is_cut_and_says_so() -> None:
    """Beyond one million cells rows are left out and counted."""
    encoded = encode_table(np.zeros((1_001, 1_000)))
    assert encoded.detail == {"columns": 1_000, "rows": 1_000, "rows_total": 1_001}


@pytest.mark.parametrize("value", [3, "abc", [1, 2], [[1], [1, 2]], {"a": [1], "b": []}, None])
def test_what_is_no_table_is_told(value: Any) -> None:
    """Anything else is refused, with the row that is wrong."""
    with pytest.raises(UsageError):
        encode_table(value)


numbers = nps.arrays(
    st.sampled_from([np.float64, np.float32, np.int64, np.bool_]),
    nps.array_shapes(max_dims=3, max_side=6),
)


@given(numbers, st.integers(1, 20))
def test_every_value_is_counted_once(values: np.ndarray[Any, Any], bins: int) -> None:
    """Counts, NaN and infinities add up to the number of values; edges increase."""
    detail = encode_histogram(values, bins=bins).detail
    assert sum(detail["counts"]) + detail["nan"] + detail["infinite"] == values.size
    assert len(detail["edges"]) in (0, len(detail["counts"]) + 1)
    assert all(a < b for a, b in zip(detail["edges"], detail["edges"][1:], strict=False))


def test_a_histogram_as_counted() -> None:
    """Counts and edges of the caller are stored as given, when they fit."""
    assert decoded(encode_histogram(counts=[1, 2], edges=[0, 1, 2]))["counts"] == [1, 2]
    for counts, edges in (([1], [0]), ([1], [1, 1]), ([1], [0, float("inf")]), ([], [0])):
        with pytest.raises(UsageError):
            encode_histogram(counts=counts, edges=edges)
    with pytest.raises(UsageError):
        encode_histogram()


class Figure:
    """Answers as a matplotlib figure does: it writes a PNG of its own."""

    canvas = None

    def savefig(self, file: Any, *, format: str, dpi: str) -> None:
        from peira.media.png import write_png

        assert (format, dpi) == ("png", "figure")
        file.write(write_png(np.zeros((4, 6, 1), dtype=np.uint8)))


class Plotly:
    """Answers as a plotly figure does."""

    def to_json(self) -> str:
        return '{"data": []}'


Plotly.__module__ = "plotly.graph_objs"


def test_figures_become_a_picture_or_data() -> None:
    """matplotlib is stored as PNG, plotly as JSON that nothing runs."""
    assert encode_figure(Figure()).detail == {"width": 6, "height": 4, "library": "matplotlib"}
    assert encode_figure(Plotly()).mime == "application/json"
    with pytest.raises(UsageError):
        encode_figure("figure")


def test_text_and_pages_are_utf8() -> None:
    """Text is stored as given; what is no text, or too long, is refused."""
    assert encode_text("naïve").data == "naïve".encode()
    assert encode_html("<b>x</b>").mime == "text/html"
    for wrong in (3, b"x", "x" * (17 * 1024 * 1024)):
        with pytest.raises(UsageError):
            encode_text(wrong)
