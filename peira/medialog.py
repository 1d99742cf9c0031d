"""The methods of a run that record something to look at or to hear.

Each is thin: `peira/media/` turns the value into bytes, which are in the lab before the line
that names them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from peira.record.events import MediaType


class Shown(NamedTuple):
    """What a media method was given."""

    key: str
    value: Any
    step: int | None
    caption: str | None
    options: dict[str, Any]


class MediaLog:
    """The media methods; `Run` says how they are recorded."""

    def _log_media(self, kind: MediaType, shown: Shown) -> None:
        raise NotImplementedError

    def log_image(
        self,
        key: str,
        image: Any,
        step: int | None = None,
        *,
        caption: str | None = None,
        **options: Any,
    ) -> None:
        """Record an image: an array (height, width[, 1 | 3 | 4]), a PIL image, a figure or a path.

        `step` is that of the last `log()` when None, here and in the other media. Options:
        docs/reference/sdk.md.
        """
        self._log_media("image", Shown(key, image, step, caption, options))

    def log_audio(
        self,
        key: str,
        audio: Any,
        step: int | None = None,
        *,
        caption: str | None = None,
        **options: Any,
    ) -> None:
        """Record sound: an array (samples[, channels]) with `sample_rate=` in Hz, or a path."""
        self._log_media("audio", Shown(key, audio, step, caption, options))

    def log_video(
        self,
        key: str,
        video: Any,
        step: int | None = None,
        *,
        caption: str | None = None,
        **options: Any,
    ) -> None:
        """Record a video: a path, or an array (frames, height, width, 3)."""
        self._log_media("video", Shown(key, video, step, caption, options))

    def log_table(
        self,
        key: str,
        table: Any,
        step: int | None = None,
        *,
        caption: str | None = None,
        **options: Any,
    ) -> None:
        """Record a table: a data frame, a list of dicts, or a dict of columns."""
        self._log_media("table", Shown(key, table, step, caption, options))

    def log_histogram(
        self,
        key: str,
        values: Any,
        step: int | None = None,
        *,
        caption: str | None = None,
        **options: Any,
    ) -> None:
        """Record the histogram of an array of any shape."""
        self._log_media("histogram", Shown(key, values, step, caption, options))

    def log_figure(
        self,
        key: str,
        figure: Any,
        step: int | None = None,
        *,
        caption: str | None = None,
        **options: Any,
    ) -> None:
        """Record a figure of Matplotlib, Plotly or another library."""
        self._log_media("figure", Shown(key, figure, step, caption, options))

    def log_text(
        self,
        key: str,
        text: str,
        step: int | None = None,
        *,
        caption: str | None = None,
        **options: Any,
    ) -> None:
        """Record text: a sample of what a model wrote, a log."""
        self._log_media("text", Shown(key, text, step, caption, options))

    def log_html(
        self,
        key: str,
        html: str,
        step: int | None = None,
        *,
        caption: str | None = None,
        **options: Any,
    ) -> None:
        """Record HTML; it is shown in a sandbox, without scripts."""
        self._log_media("html", Shown(key, html, step, caption, options))
