"""One label an example, made alike: what is true, what was predicted, and the names of the classes.

`1`, `1.0`, `np.uint8(1)` and `True` beside numbers are one label, or a class would be counted as
two; a number and a text never are, so together they are refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peira.core.errors import UsageError

Labels = NDArray[Any]
"""Booleans, whole numbers, other numbers, or texts (dtype `U` or objects), (n,)."""

_KINDS = {"b": "truth values", "i": "numbers", "f": "numbers", "U": "texts"}


def read(values: Any, what: str) -> Labels:
    """Return labels as they were given, in one of the forms of `Labels`.

    Args:
        what: they are, to be said in errors: "True values".

    Raises:
        UsageError: it is not one label an example, some are missing, or are of several kinds.
    """
    try:
        found = np.asarray(values)
    except ValueError:
        raise UsageError(f"{what} are lists of different lengths.", hint=_ONE_EACH) from None
    if found.ndim == 2 and found.shape[1] == 1:
        found = found[:, 0]
    if found.ndim != 1:
        hint = "Scores, a column a class, go to scores=." if found.ndim == 2 else _ONE_EACH
        raise UsageError(f"{what} have the shape {found.shape}; one a sample wanted.", hint=hint)
    if found.dtype.kind == "O":
        found = _of_objects(found, what)
    if found.dtype.kind == "f":
        _none_missing(np.isnan(found), what)
        is_whole = bool((np.mod(found, 1) == 0).all() and (np.abs(found) < 2**53).all())
        return found.astype(np.int64) if is_whole else found
    if found.dtype.kind in "iu":
        return found.astype(np.int64) if found.dtype != np.uint64 else found
    if found.dtype.kind == "S":
        return np.char.decode(found, "utf-8")
    if found.dtype.kind not in "bU":
        raise UsageError(f"{what} are {found.dtype}, which are no labels.", hint=_ONE_EACH)
    return found


_ONE_EACH = "A label is a number, a text or a truth value; several of them want task='multilabel'."


def _of_objects(found: NDArray[Any], what: str) -> NDArray[Any]:
    listed = found.tolist()
    is_missing = [v is None or (isinstance(v, float) and v != v) for v in listed]
    _none_missing(np.array(is_missing, dtype=bool), what)
    if all(isinstance(value, str) for value in listed):
        return np.array(listed, dtype=str)
    plain = np.array(listed)
    if plain.ndim != 1 or plain.dtype.kind not in "biuf" or any(isinstance(v, str) for v in listed):
        kinds = ", ".join(sorted({type(value).__name__ for value in listed}))
        raise UsageError(f"{what} are of several kinds: {kinds}.", hint=_ONE_EACH)
    return plain


def _none_missing(is_missing: NDArray[np.bool_], what: str) -> None:
    if is_missing.any():
        first = int(np.flatnonzero(is_missing)[0])
        raise UsageError(
            f"{what} are missing for {int(is_missing.sum()):,} samples, first for sample {first}.",
            hint="Leave such samples out.",
        )


def made_alike(
    true: Labels, predicted: Labels | None, classes: Sequence[Any] | None
) -> tuple[Labels, Labels | None, list[Any] | None]:
    """Return labels and classes of one kind. Whole numbers beside classes that are texts are their
    places.

    Raises:
        UsageError: some are texts and some are not, or a class is named twice.
    """
    known = None if classes is None else read(list(classes), "Classes")
    if known is not None and known.dtype.kind == "U":
        names = known
        true = _named(true, names, "True values")
        predicted = None if predicted is None else _named(predicted, names, "Predictions")
    given = [("true values", true), ("predictions", predicted), ("classes", known)]
    there = [(what, labels) for what, labels in given if labels is not None and len(labels)]
    kinds = {labels.dtype.kind for _, labels in there}
    if "U" in kinds and len(kinds) > 1:
        told = ", ".join(f"{what} are {_KINDS[labels.dtype.kind]}" for what, labels in there)
        raise UsageError(
            f"The {told}: they never agree.",
            hint="Give both alike; or name the classes in the order of the numbers: classes=[…].",
        )
    if "b" in kinds and len(kinds) > 1:
        true, known = _as_numbers(true), None if known is None else _as_numbers(known)
        predicted = None if predicted is None else _as_numbers(predicted)
    plain = None if known is None else known.tolist()
    if plain is not None and len(set(plain)) != len(plain):
        raise UsageError("A class is named twice in classes=.")
    return true, predicted, plain


def _as_numbers(labels: Labels) -> Labels:
    return labels.astype(np.int64) if labels.dtype.kind == "b" else labels


def _named(labels: Labels, names: Labels, what: str) -> Labels:
    """Return the names that whole numbers, or truth values, stand for."""
    if labels.dtype.kind not in "bi" or not len(labels):
        return labels
    if labels.min() < 0 or labels.max() >= len(names):
        raise UsageError(
            f"{what} run from {labels.min()} to {labels.max()}; there are {len(names)} classes.",
            hint="Numbers are places among classes=[…], from 0.",
        )
    found: Labels = names[labels.astype(np.intp)]
    return found
