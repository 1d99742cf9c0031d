"""The current run: what `peira.log` and its siblings act on.

Runs that are open in this process are kept in the order of their making; the last one is current.
`peira.init` ends the current run before it makes the next; `Run.child` makes one beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peira.core.errors import UsageError
from peira.core.settings import read_settings

if TYPE_CHECKING:
    from peira.data.dataset import Dataset
    from peira.objects.checkpoint import Checkpoint
    from peira.record.events import AlertLevel, EndStatus
    from peira.run import Run

_open: list[Run] = []


def open_runs() -> list[Run]:
    """Return the runs that are open in this process, the current one last."""
    return list(_open)


def enter(run: Run) -> None:
    """Make `run` the current one."""
    _open.append(run)


def leave(run: Run) -> None:
    """Take `run` out of the open ones; the one before it is current again."""
    if run in _open:
        _open.remove(run)


_HINT = (
    "Call peira.init() first. A process that was started anew joins a run by PEIRA_RUN=<its id>."
)


def current_run() -> Run:
    """Return the current run: the last one that `peira.init` made and that is not finished.

    Raises:
        UsageError: there is none, strict or not.
    """
    if not _open:
        raise UsageError("There is no current run.", hint=_HINT)
    return _open[-1]


def log(values: Mapping[str, Any], step: int | None = None) -> None:
    """Record metric values of the current run at a step; see `Run.log`.

    >>> peira.log({"train/loss": 0.25}, step=10)                              # doctest: +SKIP
    """
    current_run().log(values, step)


def log_image(key: str, image: Any, step: int | None = None, **options: Any) -> None:
    """Record an image of the current run; see `Run.log_image`."""
    current_run().log_image(key, image, step, **options)


def log_audio(key: str, audio: Any, step: int | None = None, **options: Any) -> None:
    """Record sound of the current run; see `Run.log_audio`."""
    current_run().log_audio(key, audio, step, **options)


def log_video(key: str, video: Any, step: int | None = None, **options: Any) -> None:
    """Record a video of the current run; see `Run.log_video`."""
    current_run().log_video(key, video, step, **options)


def log_table(key: str, table: Any, step: int | None = None, **options: Any) -> None:
    """Record a table of the current run; see `Run.log_table`."""
    current_run().log_table(key, table, step, **options)


def log_histogram(key: str, values: Any, step: int | None = None, **options: Any) -> None:
    """Record a histogram of the current run; see `Run.log_histogram`."""
    current_run().log_histogram(key, values, step, **options)


def log_figure(key: str, figure: Any, step: int | None = None, **options: Any) -> None:
    """Record a figure of the current run; see `Run.log_figure`."""
    current_run().log_figure(key, figure, step, **options)


def log_text(key: str, text: str, step: int | None = None, **options: Any) -> None:
    """Record text of the current run; see `Run.log_text`."""
    current_run().log_text(key, text, step, **options)


def log_html(key: str, html: str, step: int | None = None, **options: Any) -> None:
    """Record HTML of the current run; see `Run.log_html`."""
    current_run().log_html(key, html, step, **options)


def log_artifact(path: Any, name: str | None = None, **options: Any) -> None:
    """Record a file or a folder of the current run; see `Run.log_artifact`."""
    current_run().log_artifact(path, name, **options)


def save_model(model: Any, name: str = "model", **options: Any) -> None:
    """Record a model of the current run; see `Run.save_model`."""
    current_run().save_model(model, name, **options)


def checkpoint() -> Checkpoint | None:
    """Return the checkpoint that this program goes on from; None when it begins anew.

    It is the one that `peira resume` or `peira.resume` chose; `Run.checkpoint` saves one.

    Raises:
        NotFoundError, DamagedError: it is not where it should be, or cannot be read.

    >>> checkpoint = peira.checkpoint()                                       # doctest: +SKIP
    >>> state = checkpoint.load() if checkpoint else fresh_state()            # doctest: +SKIP
    """
    if _open and _open[-1].resumed is not None:
        return _open[-1].resumed
    folder = read_settings().checkpoint
    if folder is None:
        return None
    from peira.objects.checkpoint import read

    return read(Path(folder))


def use_artifact(ref: str) -> Path:
    """Return the files of another run's artifact for the current run; see `Run.use_artifact`."""
    return current_run().use_artifact(ref)


def use(ref: str) -> Dataset:
    """Return a version of a data set, and record that the current run used it; see `Run.use`."""
    return current_run().use(ref)


def dataset(name: str, data: Any, **options: Any) -> Dataset:
    """Put data under version, and record its use; see `Run.dataset`. Without a current
    run only the version is made.
    """
    if _open:
        return _open[-1].dataset(name, data, **options)
    from peira.run import Run

    return Run().dataset(name, data, **options)


def evaluate(split: str, *args: Any, **options: Any) -> dict[str, Any]:
    """Evaluate predictions of the current run; see `Run.evaluate`."""
    return current_run().evaluate(split, *args, **options)


def note(text: str) -> None:
    """Add a note in Markdown to the current run."""
    current_run().note(text)


def alert(title: str, text: str = "", level: AlertLevel = "warning") -> None:
    """Tell people to look at the current run; see `Run.alert`."""
    current_run().alert(title, text, level)


def flush() -> None:
    """Make all that the current run recorded durable; see `Run.flush`."""
    current_run().flush()


def finish(status: EndStatus | None = None, *, outcome: str | None = None) -> None:
    """End the current run; see `Run.finish`."""
    current_run().finish(status, outcome=outcome)
