"""Models as files. Writing only: nothing here, or anywhere in Peira, loads one, because a pickle
can run any program.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple


class Saved(NamedTuple):
    """A model in a file, and what is known about it."""

    path: Path
    facts: dict[str, Any]


@contextmanager
def written(model: Any, stem: str = "model") -> Iterator[Saved]:
    """Write `model` to a private temporary file for the time of a `with` block.

    A PyTorch module becomes its state dict (`torch.save`), and so is written what holds tensors of
    PyTorch; a scikit-learn estimator a joblib file, anything else a pickle.

    Args:
        stem: the file's name without its ending.

    Raises:
        OSError, TypeError, pickle.PicklingError: it cannot be written.
    """
    import tempfile

    kind = type(model)
    library = kind.__module__.partition(".")[0]
    with tempfile.TemporaryDirectory(prefix="peira-") as folder:  # 0700
        name, form = _write(model, library, Path(folder, stem))
        facts = {
            "class": kind.__qualname__,
            "module": kind.__module__,
            "format": form,
            "library": library,
            "library_version": str(getattr(sys.modules.get(library), "__version__", "")),
        }
        yield Saved(name, facts)


def _write(model: Any, library: str, stem: Path) -> tuple[Path, str]:
    """Write the file; return its path and its format."""
    torch = sys.modules.get("torch")  # a module of PyTorch cannot exist unless it is loaded
    if torch is not None:
        is_module = isinstance(model, torch.nn.Module)
        if is_module or _holds_tensor(model, torch.Tensor):
            path = stem.with_suffix(".pt")
            torch.save(model.state_dict() if is_module else model, path)
            return path, "torch-state-dict"
    if library == "sklearn":
        try:
            import joblib
        except ImportError:
            pass
        else:
            path = stem.with_suffix(".joblib")
            joblib.dump(model, path)
            return path, "joblib"
    import pickle

    path = stem.with_suffix(".pkl")
    with path.open("wb") as stream:
        pickle.dump(model, stream, protocol=5)
    return path, "pickle"


def _holds_tensor(value: Any, tensor: type, depth: int = 8) -> bool:
    """Whether a value is a tensor or a container with one in it."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple) and depth:
        return any(_holds_tensor(item, tensor, depth - 1) for item in value)
    return isinstance(value, tensor)
