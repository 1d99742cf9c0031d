"""Figures of plotting libraries: matplotlib as a picture, plotly as its data."""

from __future__ import annotations

import io
from typing import Any

from peira.core.errors import UsageError
from peira.core.values import well_formed
from peira.media.encoded import BYTES_MAX, Encoded, describe
from peira.media.image import image_header

_EXPECTED = "Expected a matplotlib figure or axes, or a plotly figure."


def encode_figure(value: Any) -> Encoded:
    """Return a figure ready to store: matplotlib as PNG at the figure's own resolution, plotly as
    its JSON, which is data and never run.

    The figure stays open and unchanged. Not safe while another thread draws on it.

    Raises:
        UsageError: the value is no figure.
    """
    if hasattr(value, "get_figure") and not hasattr(value, "savefig"):
        value = value.get_figure()  # axes, or another part of a figure
    if hasattr(value, "savefig") and hasattr(value, "canvas"):
        return _from_matplotlib(value)
    if type(value).__module__.partition(".")[0] == "plotly" and hasattr(value, "to_json"):
        return _from_plotly(value)
    raise UsageError(f"{describe(value)} is no figure.", hint=_EXPECTED)


def _from_matplotlib(figure: Any) -> Encoded:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi="figure")
    data = buffer.getvalue()
    header = image_header(data)
    assert header is not None
    detail = {"width": header[1], "height": header[2], "library": "matplotlib"}
    return Encoded(data, "image/png", detail)


def _from_plotly(figure: Any) -> Encoded:
    data = well_formed(str(figure.to_json())).encode()
    if len(data) > BYTES_MAX:
        raise UsageError(f"The figure has {len(data):,} bytes; {BYTES_MAX:,} are the limit.")
    return Encoded(data, "application/json", {"library": "plotly"})
