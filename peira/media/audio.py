"""Sound: files as they are, arrays as WAV."""

from __future__ import annotations

import io
import os
import wave
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peira.core.errors import UsageError
from peira.media.encoded import BYTES_MAX, Encoded, as_array, describe, existing_file

if TYPE_CHECKING:
    import numpy as np

_CHANNELS_MAX = 16
_EXPECTED = (
    "Expected a path of a WAV, MP3, OGG or FLAC file, or an array (samples,) or (samples, channels)"
    " of floats in [-1, 1] or 16 or 32 bit integers, with sample_rate."
)


def encode_audio(value: Any, sample_rate: int | None = None) -> Encoded:
    """Return sound ready to store.

    Args:
        value: a path of a WAV, MP3, OGG or FLAC file (stored as it is), or an array (samples,) or
            (samples, channels): floats in [-1, 1] become 16 bit, what is outside is clipped and
            counted in `detail["clipped"]`; int16 and int32 stay exact; uint8 is centred at 128.
        sample_rate: samples a second, in Hz; needed for an array.

    The detail holds `sample_rate`, `channels` and `duration_s` where they are known.

    Raises:
        UsageError: the value is none of these, or the rate is missing.
    """
    if isinstance(value, str | os.PathLike):
        return _from_path(existing_file(value, "audio"))
    if sample_rate is None:
        raise UsageError(f"{describe(value)} has no sample rate.", hint="Give sample_rate, in Hz.")
    if isinstance(sample_rate, bool) or not 1 <= int(sample_rate) <= 10_000_000:
        raise UsageError(f"A sample rate of {sample_rate!r} Hz cannot be.", hint=_EXPECTED)
    samples = as_array(value, "audio")
    if samples.ndim == 1:
        samples = samples[:, None]
    if samples.ndim == 2 and samples.shape[0] <= _CHANNELS_MAX < samples.shape[1]:
        samples = samples.T  # (channels, samples), as torchaudio has it
    if samples.ndim != 2 or samples.shape[1] > _CHANNELS_MAX or 0 in samples.shape:
        raise UsageError(f"{describe(value)} is no audio.", hint=_EXPECTED)
    if samples.size * samples.itemsize > BYTES_MAX:
        raise UsageError(f"{describe(value)} is more than {BYTES_MAX:,} bytes of audio.")
    detail: dict[str, Any] = {
        "sample_rate": int(sample_rate),
        "channels": samples.shape[1],
        "duration_s": samples.shape[0] / int(sample_rate),
    }
    return Encoded(_wave(_integers(samples, detail), int(sample_rate)), "audio/wav", detail)


def _integers(samples: np.ndarray[Any, Any], detail: dict[str, Any]) -> np.ndarray[Any, Any]:
    import numpy as np

    if samples.dtype == np.uint8 or samples.dtype in (np.int16, np.int32):
        return samples
    if samples.dtype.kind != "f":
        raise UsageError(f"{describe(samples)} is no audio.", hint=_EXPECTED)
    values = samples.astype(np.float64)
    nonfinite = values.size - int(np.count_nonzero(np.isfinite(values)))
    if nonfinite:
        detail["nonfinite"] = nonfinite
        values = np.where(np.isfinite(values), values, 0.0)
    clipped = int(np.count_nonzero(np.abs(values) > 1.0))
    if clipped:
        detail["clipped"] = clipped
    integers: np.ndarray[Any, Any] = np.rint(np.clip(values, -1.0, 1.0) * 32767.0).astype(np.int16)
    return integers


def _wave(samples: np.ndarray[Any, Any], sample_rate: int) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(samples.itemsize)
        file.setframerate(sample_rate)
        file.writeframes(samples.astype(samples.dtype.newbyteorder("<")).tobytes())
    return buffer.getvalue()


def _from_path(path: Path) -> Encoded:
    with path.open("rb") as file:
        head = file.read(16)
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return Encoded(path, "audio/wav", _wave_detail(path))
    if head[:4] == b"fLaC":
        return Encoded(path, "audio/flac")
    if head[:4] == b"OggS":
        return Encoded(path, "audio/ogg")
    if head[:3] == b"ID3" or (head[:1] == b"\xff" and head[1:2] >= b"\xe0"):
        return Encoded(path, "audio/mpeg")
    raise UsageError(f"{str(path)!r} is no WAV, MP3, OGG or FLAC file.", hint=_EXPECTED)


def _wave_detail(path: Path) -> dict[str, Any]:
    try:
        with wave.open(str(path), "rb") as file:
            rate = file.getframerate()
            return {
                "sample_rate": rate,
                "channels": file.getnchannels(),
                "duration_s": file.getnframes() / rate if rate else 0.0,
            }
    except (
        wave.Error,
        EOFError,
    ):  # a kind of WAV (float, compressed) that the library does not read
        return {}
