"""The wire format of arrays: docs/formats/columns.md."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays

from peira.server import columns
from tests.server.conftest import PROJECT, Served

DTYPES = ["<f8", "<f4", "<i8", "<i4", "|u1"]


@given(
    some.dictionaries(
        some.text(max_size=8),
        some.sampled_from(DTYPES).flatmap(lambda d: arrays(d, some.integers(0, 9))),
        max_size=5,
    ),
    some.dictionaries(some.sampled_from(["a", "b"]), some.integers(-9, 9)),
)
def test_arrays_come_back_as_they_went(
    given_arrays: dict[str, columns.Array], header: dict[str, int]
) -> None:
    """Bit for bit, with their names and types, every array at a multiple of eight."""
    data = columns.encode(given_arrays, header)
    (length,) = struct.unpack_from("<I", data, 4)
    assert (8 + length) % 8 == 0
    found, rest = columns.decode(data)
    assert rest == header
    assert list(found) == list(given_arrays)
    for name, array in given_arrays.items():
        assert found[name].tobytes() == array.tobytes()


@pytest.mark.parametrize("data", [b"", b"PCOL", b"XXXX\x02\0\0\0{}"])
def test_other_bytes_are_refused(data: bytes) -> None:
    """What does not begin as the format does is not decoded."""
    with pytest.raises(ValueError, match="PCOL"):
        columns.decode(data)


def test_x_is_narrow_only_when_that_is_exact() -> None:
    """Steps up to 16.7 million fit float32; odd ones beyond stay float64, unless there are many."""
    small, large = np.array([0.0, 2.0**24]), np.array([0.0, 2.0**24 + 1])
    assert columns.narrow_x(small, is_large=False).dtype == np.float32
    assert columns.narrow_x(large, is_large=False).dtype == np.float64
    assert columns.narrow_x(large, is_large=True).dtype == np.float32


def test_traces_hold_the_logged_points(served: Served) -> None:
    """A short curve is exact, with its NaN as a gap and a mark."""
    answer = served.client.post("/api/traces", json={"runs": [served.run], "keys": ["odd"]})
    assert answer.headers["content-type"] == columns.MEDIA_TYPE
    found, header = columns.decode(answer.content)
    (one,) = header["series"]
    assert (one["n"], one["nonfinite"], one["exact"], one["marks"]) == (50, 1, True, [[7.0, "NaN"]])
    assert one["smooth"] is None
    y = found["y"][one["first"] : one["first"] + one["count"]]
    x = found["x"][one["first"] : one["first"] + one["count"]] + one["x0"]
    assert np.isnan(y[x == 7]).all()
    assert y[x == 8].tolist() == [8.0]


def test_smoothed_traces_keep_the_raw_curve(served: Served) -> None:
    """The smoothed curve is a second range of the same arrays."""
    asked = {"runs": [served.run], "keys": ["train/loss"],
             "smooth": {"kind": "ema", "half_life": 5}}  # fmt: skip
    found, header = columns.decode(served.client.post("/api/traces", json=asked).content)
    (one,) = header["series"]
    assert found["y"][one["first"]] == 1.0
    assert one["smooth"]["first"] == one["count"] and one["smooth"]["count"] == one["count"]


def test_groups_have_bands(served: Served) -> None:
    """One curve a group, with edges and the number of runs at each point."""
    asked = {"project": PROJECT, "q": "val/loss > -1", "keys": ["val/loss"], "group": "model"}
    found, header = columns.decode(served.client.post("/api/traces", json=asked).content)
    assert sum(one["runs"] for one in header["series"]) == 12
    assert {"x", "y", "low", "high", "n"} == set(found)
    assert all(one["run"] is None and "model" in one["group"] for one in header["series"])


def test_large_answers_are_offsets(served: Served) -> None:
    """Above 200,000 points values are float32 offsets from an origin of each series."""
    from peira.lab.traces import Trace, Traces
    from peira.server.routes.traces import EXACT_POINTS_MAX, encode

    count = EXACT_POINTS_MAX + 2
    half = count // 2
    y = np.concatenate([np.full(half, 1e9 + 0.5), np.full(half, -3.0)])
    series = [Trace("a", "k", half, 0, True, 0.0, 0, half),
              Trace("b", "k", half, 0, True, 0.0, half, half)]  # fmt: skip
    found, header = columns.decode(
        encode(Traces(series, np.arange(count, dtype=float), y), {}, rev=1)
    )
    assert found["y"].dtype == np.float32
    for one, value in zip(header["series"], (1e9 + 0.5, -3.0), strict=True):
        part = found["y"][one["first"] : one["first"] + one["count"]]
        assert np.all(one["y0"] + part.astype(float) == value)
    assert np.all(y[:half] == 1e9 + 0.5)


def test_series_are_exact(served: Served) -> None:
    """`/series` sends every point, a logged NaN as NaN."""
    answer = served.client.get(f"/api/runs/{served.run}/series", params={"key": "odd"})
    found, header = columns.decode(answer.content)
    assert header["count"] == 50 and found["step"].dtype == np.int64
    assert np.flatnonzero(np.isnan(found["value"])).tolist() == [7]
    as_json = served.client.get(
        f"/api/runs/{served.run}/series", params={"key": "odd", "format": "json"}
    ).json()
    assert as_json["values"][7] == "NaN" and as_json["steps"] == found["step"].tolist()
    text = served.client.get(
        f"/api/runs/{served.run}/series", params={"key": "odd", "format": "csv"}
    )
    assert text.text.splitlines()[8].endswith(",nan")
