"""Images: every array that people have becomes the picture they meant."""

from __future__ import annotations

import io
import struct
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from peira.core.errors import UsageError
from peira.media import encode_image, encode_video
from peira.media.image import image_header


def pixels(value: Any) -> np.ndarray[Any, Any]:
    """Decode with another library than the one that wrote."""
    data = encode_image(value).data
    assert isinstance(data, bytes)
    return np.asarray(Image.open(io.BytesIO(data)))


class Tensor:
    """Answers as a PyTorch tensor on a device does, without PyTorch."""

    def __init__(self, array: np.ndarray[Any, Any]) -> None:
        self._array, self.shape, self.dtype = array, array.shape, array.dtype

    def detach(self) -> Tensor:
        return self

    cpu = detach

    def numpy(self) -> np.ndarray[Any, Any]:
        return self._array


Tensor.__module__ = "torch"
random = np.random.default_rng(0)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_uint8_arrays_come_back_equal(channels: int) -> None:
    """The picture of a uint8 array holds exactly its values."""
    array = random.integers(0, 256, (13, 7, channels), dtype=np.uint8)
    assert np.array_equal(pixels(array).reshape(array.shape), array)


def test_grey_bool_and_small_integers() -> None:
    """Two dimensions are grey; True is white; integers within 0 to 255 are as they are."""
    assert np.array_equal(pixels(np.array([[0, 7, 255]])), [[0, 7, 255]])
    assert np.array_equal(pixels(np.array([[True, False]])), [[255, 0]])
    assert np.array_equal(pixels([[0.0, 0.5, 1.0]]), [[0, 128, 255]])


def test_other_ranges_are_stretched_and_said() -> None:
    """Values outside [0, 1] go from their minimum to their maximum, and the detail says so."""
    encoded = encode_image(np.array([[-2.0, 0.0, 2.0]]))
    assert encoded.detail["scaled_from"] == [-2.0, 2.0]
    assert np.array_equal(pixels(np.array([[-2.0, 0.0, 2.0]])), [[0, 128, 255]])
    assert np.array_equal(pixels(np.array([[-1e308, 1e308]])), [[0, 255]])
    assert np.array_equal(pixels(np.full((2, 2), 7.5)), np.zeros((2, 2)))


def test_nonfinite_pixels_are_black_and_counted() -> None:
    """NaN and infinity never fail and never turn into a value."""
    array = np.array([[np.nan, np.inf, 1.0, 0.5]])
    assert encode_image(array).detail["nonfinite"] == 2
    assert np.array_equal(pixels(array), [[0, 0, 255, 128]])
    assert np.array_equal(pixels(np.full((2, 2), np.nan)), np.zeros((2, 2)))


def test_channels_first_is_understood() -> None:
    """A tensor (3, h, w) is a colour picture; so is an array that can be nothing else."""
    array = random.integers(0, 256, (3, 5, 9), dtype=np.uint8)
    for value in (Tensor(array), array):
        assert np.array_equal(pixels(value), array.transpose(1, 2, 0))
    assert encode_image(Tensor(array)).detail["layout"] == "CHW"
    assert "layout" not in encode_image(array.transpose(1, 2, 0)).detail


def test_files_and_bytes_are_stored_as_they_are(tmp_path: Path) -> None:
    """Nothing is encoded again; type and size come from the header."""
    for name, mime in (("PNG", "png"), ("JPEG", "jpeg"), ("GIF", "gif"), ("WEBP", "webp")):
        path = tmp_path / name
        Image.new("RGB", (31, 17)).save(path, name)
        encoded = encode_image(path)
        assert encoded.data == path and encoded.mime == f"image/{mime}"
        assert encoded.detail == {"width": 31, "height": 17}
        assert encode_image(path.read_bytes()).data == path.read_bytes()


def test_a_header_of_a_giant_is_only_read() -> None:
    """60,000 x 60,000 pixels in the header of a file cost nothing: it is never decoded."""
    header = (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">II", 60_000, 60_000)
    )
    assert encode_image(header + b"\x08\x02\0\0\0").detail["width"] == 60_000


def test_pillow_images_of_all_modes() -> None:
    """Modes that PNG does not know are converted."""
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "F"):
        assert encode_image(Image.new(mode, (3, 2))).detail == {"width": 3, "height": 2}


@pytest.mark.parametrize(
    "value",
    [
        "nowhere.png", b"text", None, {}, "", object(), np.zeros((2, 3, 4, 5)), np.zeros((0, 3)),
        np.zeros((9, 9, 9)), np.zeros(5), np.array(["a"]), np.zeros((2, 2), dtype=complex), 3,
    ],
    ids=range(13),
)  # fmt: skip
def test_what_is_no_image_is_told(value: Any) -> None:
    """Anything else is refused with what came and what is expected."""
    with pytest.raises(UsageError) as caught:
        encode_image(value)
    assert len(str(caught.value)) > 30


def test_hostile_headers_are_no_images() -> None:
    """Cut and random bytes behind a right magic never fail otherwise than by saying so."""
    for magic in (b"\xff\xd8", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"RIFF0000WEBPVP8 "):
        for size in range(60):
            image_header(magic + random.bytes(size))
    assert image_header(b"\xff\xd8" + b"\xff" * 1_000) is None


def test_frames_become_an_animated_gif(tmp_path: Path) -> None:
    """Each frame is in the file; an MP4 goes through as it is."""
    frames = random.integers(0, 256, (5, 8, 8), dtype=np.uint8)
    encoded = encode_video(frames, fps=5)
    assert isinstance(encoded.data, bytes)
    picture = Image.open(io.BytesIO(encoded.data))
    assert getattr(picture, "n_frames", 0) == 5 and encoded.mime == "image/gif"
    path = tmp_path / "a.mp4"
    path.write_bytes(b"\0\0\0\x20ftypisom")
    assert encode_video(path).mime == "video/mp4"
    for wrong in (3, [], "nowhere.mp4", [frames[0], frames[0][:4]], {"a": 1}):
        with pytest.raises(UsageError):
            encode_video(wrong)


def test_images_need_no_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    """The small install logs arrays as images."""
    monkeypatch.setitem(sys.modules, "PIL", types.ModuleType("PIL"))
    assert encode_image(np.zeros((2, 2))).mime == "image/png"
