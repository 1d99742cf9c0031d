"""Models as files. Writing only: nothing here, or anywhere in Peira, loads one, because a pickle
can run any program.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple


class Saved(NamedTuple):
    """A model in a file, and what is known about it."""

    path: Path
    facts: dict[str, Any]


@contextmanager
def written(model: Any) -> Iterator[Saved]:
    """Write `model` to a private temporary file for the time of a `with` block.

    A PyTorch module becomes its state dict (`torch.save`), a scikit-learn estimator a joblib file,
    anything else a pickle.

    Raises:
        OSError, TypeError, pickle.PicklingError: it cannot be written.
    """
    import tempfile

    kind = type(model)
    library = kind.__module__.partition(".")[0]
    with tempfile.TemporaryDirectory(prefix="peira-") as folder:  # 0700
        name, form = _write(model, library, Path(folder))
        facts = {
            "class": kind.__qualname__,
            "module": kind.__module__,
            "format": form,
            "library": library,
            "library_version": str(getattr(sys.modules.get(library), "__version__", "")),
        }
        yield Saved(Path(folder, name), facts)


def _write(model: Any, library: str, folder: Path) -> tuple[str, str]:
    """Write the file; return its name and its format."""
    torch = sys.modules.get("torch")  # a module of PyTorch cannot exist unless it is loaded
    if torch is not None and isinstance(model, torch.nn.Module):
        torch.save(model.state_dict(), folder / "model.pt")
        return "model.pt", "torch-state-dict"
    if library == "sklearn":
        try:
            import joblib
        except ImportError:
            pass
        else:
            joblib.dump(model, folder / "model.joblib")
            return "model.joblib", "joblib"
    import pickle

    with (folder / "model.pkl").open("wb") as stream:
        pickle.dump(model, stream, protocol=5)
    return "model.pkl", "pickle"
