"""Turns what people want to look at into bytes, one noun a file.

Each `encode_*` returns an `Encoded`: what goes to the object store, its type, and small facts for
drawing. Bad input raises `UsageError`, which says what came and what is expected. Heavy libraries
are imported only by the call that needs them.
"""

from peira.media.audio import encode_audio
from peira.media.encoded import Encoded
from peira.media.figure import encode_figure
from peira.media.histogram import encode_histogram
from peira.media.image import encode_image
from peira.media.table import encode_table
from peira.media.text import encode_html, encode_text
from peira.media.video import encode_video

__all__ = [
    "Encoded",
    "encode_audio",
    "encode_figure",
    "encode_histogram",
    "encode_html",
    "encode_image",
    "encode_table",
    "encode_text",
    "encode_video",
]
