"""Tables of other libraries, when they are installed: the same content is the same version."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from peira.core.errors import UsageError
from peira.data.add import add_table
from peira.data.dataset import Dataset
from peira.data.tables import to_columns

TABLE: dict[str, Any] = {
    "a": [1.5, 2.0, None], "b": ["x", None, "z"], "many": [[1, 2], [3], []], "y": [0, 1, 0],
}  # fmt: skip


def frames() -> list[Any]:
    """Return the ways to the table that are installed here."""
    pandas, arrow = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    return [pandas.DataFrame(TABLE), arrow.table(TABLE)]


def test_every_library_gives_the_same_version(tmp_path: Path) -> None:
    """pandas and Arrow here; Polars and Hugging Face in tests of their own."""
    contents = {add_table(tmp_path, f"d{n}", t).version.content for n, t in enumerate(frames())}
    assert len(contents) == 1


@pytest.mark.parametrize("is_lazy", [False, True])
def test_polars_frames(tmp_path: Path, is_lazy: bool) -> None:
    """Lists stay lists, and missing values stay missing."""
    polars = pytest.importorskip("polars")
    frame = polars.LazyFrame(TABLE) if is_lazy else polars.DataFrame(TABLE)
    data = Dataset(tmp_path, add_table(tmp_path, "d", frame).version)
    assert data["many"].tolist() == TABLE["many"] and data["b"].tolist() == TABLE["b"]
    assert data.version.content == add_table(tmp_path, "e", frames()[0]).version.content


def test_hugging_face_data_sets(tmp_path: Path) -> None:
    """Pictures of one size are arrays; several data sets at once are refused."""
    datasets = pytest.importorskip("datasets")
    plain = datasets.Dataset.from_dict(TABLE)
    version = add_table(tmp_path, "d", plain).version
    assert version.content == add_table(tmp_path, "e", frames()[0]).version.content
    pixels = [np.full((8, 8), n, dtype=np.uint8) for n in range(3)]
    features = datasets.Features({"image": datasets.Image(), "label": datasets.Value("int64")})
    pictures = datasets.Dataset.from_dict({"image": pixels, "label": [0, 1, 2]}, features=features)
    assert (to_columns(pictures)["image"] == np.stack(pixels)).all()
    with pytest.raises(UsageError, match="several data sets: train"):
        to_columns(datasets.DatasetDict({"train": plain}))


def test_rows_as_frames(tmp_path: Path) -> None:
    """What a frame was made of is what it becomes again; a sealed part has no labels in it."""
    pandas, arrow = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    table = TABLE | {"pixels": np.arange(6, dtype=np.uint8).reshape(3, 2), "at": np.array(
        ["2026-01-01", "2026-01-02", "NaT"], dtype="datetime64[us]")}  # fmt: skip
    data = Dataset(tmp_path, add_table(tmp_path, "d", table).version)
    frame, made = data.to_pandas(), data.to_arrow()
    assert isinstance(frame, pandas.DataFrame) and isinstance(made, arrow.Table)
    for again in (frame.drop(columns="pixels"), made):
        columns = to_columns(again)
        for name, values in columns.items():
            assert values.dtype == data[name].dtype and repr(values) == repr(data[name])
    assert [v.tolist() for v in frame["pixels"]] == table["pixels"].tolist()
    large = Dataset(tmp_path, add_table(tmp_path, "large", {"n": [2**70, 1]}).version)
    assert large.to_arrow()["n"].to_pylist() == [str(2**70), "1"]
    hidden = data.only(np.array([0, 2]), "main/test", hidden=["y"])
    assert "y" not in hidden.to_pandas().columns and len(hidden.to_pandas()) == 2


def test_rows_as_a_polars_frame(tmp_path: Path) -> None:
    """Types and missing values are those of the version."""
    polars = pytest.importorskip("polars")
    data = Dataset(tmp_path, add_table(tmp_path, "d", TABLE).version)
    frame = data.to_polars()
    assert isinstance(frame, polars.DataFrame)
    assert add_table(tmp_path, "d", frame).version == data.version


def test_pictures_with_a_palette_are_colours(tmp_path: Path) -> None:
    """What stands in a palette is not the number of its entry."""
    datasets = pytest.importorskip("datasets")
    stream = io.BytesIO()
    Image.new("RGB", (4, 4), (200, 100, 50)).quantize(4).save(stream, "PNG")
    table = {"image": [{"bytes": stream.getvalue(), "path": None}]}
    features = datasets.Features({"image": datasets.Image()})
    found = to_columns(datasets.Dataset.from_dict(table, features=features))["image"]
    assert found.shape == (1, 4, 4, 3) and found[0, 0, 0].tolist() == [200, 100, 50]
