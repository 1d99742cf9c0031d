"""Results down to the sample: a row an example, as Parquet. See `docs/formats/evaluations.md`."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from peira.core.errors import UsageError
from peira.evaluate.answers import Answers, is_probability
from peira.lab import duck
from peira.lab.duck_table import create_table
from peira.objects.folder import FolderObjects

OWN = ("id", "true", "predicted", "correct", "score", "true_score", "loss")
"""Columns that every table of results has."""

Results = dict[str, NDArray[Any]]
"""Columns by name. Texts are arrays of objects, None where there is none."""


def results(answers: Answers) -> dict[str, Sequence[Any]]:
    """Return what is known of each example: the columns of `OWN` without `id`.

    `loss` is of the one example: log loss where scores are probabilities, 0 or 1 for labels
    without, squared error for numbers, 1 minus the share of right labels or pixels, 1 minus the F1
    of words or boxes.
    """
    if answers.task in ("binary", "multiclass"):
        return _of_labels(answers)
    if answers.task == "regression":
        true, predicted = _rows(answers.true), _rows(answers.predicted)
        with np.errstate(over="ignore"):  # beyond the largest double the loss is infinite
            loss = ((true - predicted) ** 2).mean(axis=1)
        is_single = true.shape[1] == 1
        return _columns(
            answers,
            true=true[:, 0].tolist() if is_single else true.tolist(),
            predicted=predicted[:, 0].tolist() if is_single else predicted.tolist(),
            loss=loss.tolist(),
        )
    if answers.task == "multilabel":
        return _of_several(answers)
    if answers.task == "segmentation":
        return _of_pixels(answers)
    if answers.task == "text":
        from peira.evaluate.suites.text import token_f1

        pairs = list(zip(answers.true, answers.predicted, strict=True))
        return _columns(
            answers,
            true=[str(true) for true, _ in pairs],
            predicted=[str(given) for _, given in pairs],
            correct=[str(true).strip() == str(given).strip() for true, given in pairs],
            loss=[1 - token_f1(str(true), str(given)) for true, given in pairs],
        )
    if answers.task == "ranking":
        return _columns(
            answers,
            true=answers.true.tolist(),
            predicted=answers.predicted.tolist(),
            score=answers.predicted.tolist(),
        )
    from peira.evaluate.boxes import picture_f1

    found = [picture_f1(*pair) for pair in zip(answers.true, answers.predicted, strict=True)]
    return _columns(
        answers,
        true=[_json(v) for v in answers.true],
        predicted=[_json(v) for v in answers.predicted],
        correct=[f1 == 1 for f1 in found],
        loss=[1 - f1 for f1 in found],
    )


def _columns(answers: Answers, **columns: Sequence[Any]) -> dict[str, Sequence[Any]]:
    nothing: Sequence[Any] = [None] * len(answers)
    return {name: columns.get(name, nothing) for name in OWN if name != "id"}


def _of_labels(answers: Answers) -> dict[str, Sequence[Any]]:
    right = answers.true == answers.predicted
    columns: dict[str, Sequence[Any]] = {
        "true": [_label(label) for label in answers.true.tolist()],
        "predicted": [_label(label) for label in answers.predicted.tolist()],
        "correct": right.tolist(),
        "loss": (~right).astype(float).tolist(),
    }
    if answers.scores is not None:
        place = {label: code for code, label in enumerate(answers.classes)}
        rows = np.arange(len(answers))
        own = answers.scores[rows, [place[label] for label in answers.predicted.tolist()]]
        true = answers.scores[rows, [place[label] for label in answers.true.tolist()]]
        columns["score"], columns["true_score"] = own.tolist(), true.tolist()
        if is_probability(answers.scores):
            columns["loss"] = (-np.log(np.clip(true, np.finfo(float).eps, 1))).tolist()
    return _columns(answers, **columns)


def _of_several(answers: Answers) -> dict[str, Sequence[Any]]:
    names = np.array([_label(label) for label in answers.classes], dtype=object)
    return _columns(
        answers,
        true=[_json(names[row == 1].tolist()) for row in answers.true],
        predicted=[_json(names[row == 1].tolist()) for row in answers.predicted],
        correct=(answers.true == answers.predicted).all(axis=1).tolist(),
        loss=(answers.true != answers.predicted).mean(axis=1).tolist(),
    )


def _of_pixels(answers: Answers) -> dict[str, Sequence[Any]]:
    """Pixels by class: how many there are, and of those that were predicted how many are right."""
    from peira.evaluate.suites.segmentation import counts_of

    names = [str(label) for label in answers.classes]
    true, predicted, losses = [], [], []
    for picture in range(len(answers)):
        counts = counts_of(answers, picture)
        every, given, right = counts.sum(axis=1), counts.sum(axis=0), np.diag(counts)
        there, told = np.flatnonzero(every), np.flatnonzero(given)
        true.append(_json({names[c]: int(every[c]) for c in there}))
        predicted.append(_json({names[c]: [int(given[c]), int(right[c])] for c in told}))
        losses.append(float(1 - right.sum() / counts.sum()) if counts.any() else None)
    return _columns(answers, true=true, predicted=predicted, loss=losses)


def _rows(values: Any) -> NDArray[Any]:
    return np.asarray(values).reshape(len(values), -1)


def _label(label: Any) -> str:
    return label if isinstance(label, str) else str(label)


def _json(value: Any) -> str:
    return msgspec.json.encode(value, enc_hook=_plain).decode()


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)


def write(
    objects: FolderObjects,
    ids: Sequence[str],
    answers: Answers,
    slices: Mapping[str, Sequence[Any]] | None = None,
) -> str:
    """Store the results of all examples; return the digest of the object.

    Args:
        ids: of the examples, in the order of the answers.
        slices: further columns to look at the results by.

    Raises:
        UsageError: a slice has a name that is taken.
    """
    columns: dict[str, Sequence[Any]] = {"id": list(ids), **results(answers)}
    for name, values in (slices or {}).items():
        if name in columns:
            raise UsageError(
                f"A slice cannot be called {name!r:.60}: the results have such a column."
            )
        columns[name] = [_plain(v) if hasattr(v, "tolist") else v for v in values]
    # In the lab, whose files are no inputs of the run that evaluates.
    place = objects.root.parent
    with (
        tempfile.TemporaryDirectory(prefix=".samples-", dir=place) as folder,
        duck.cursor() as cursor,
    ):
        path = Path(folder, "samples.parquet")
        types = {"correct": "BOOLEAN", "score": "DOUBLE", "true_score": "DOUBLE", "loss": "DOUBLE"}
        table = f"sample_{os.urandom(6).hex()}"  # all threads share one database
        create_table(cursor, table, columns, types)
        cursor.execute(f"COPY {table} TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
        cursor.execute(f"DROP TABLE {table}")
        return objects.put_file(path).digest


def write_scores(objects: FolderObjects, scores: NDArray[np.float64]) -> str:
    """Store the scores of all examples and classes as float32; return the digest."""
    stream = io.BytesIO()
    np.save(stream, scores.astype(np.float32), allow_pickle=False)
    return objects.put_bytes(stream.getvalue()).digest


def read(objects: FolderObjects, digest: str) -> Results:
    """Return stored results, all columns.

    Raises:
        NotFoundError, DamagedError: they are not here, or the bytes are others.
    """
    with objects.open(digest), duck.cursor() as cursor:  # opening checks the digest
        found = cursor.execute(
            "SELECT * FROM read_parquet(?)", [str(objects.path(digest))]
        ).fetchnumpy()
    return {name: _unmasked(values) for name, values in found.items()}


def read_scores(objects: FolderObjects, digest: str) -> NDArray[np.float32]:
    """Return stored scores, (examples, classes)."""
    loaded: NDArray[np.float32] = np.load(io.BytesIO(objects.read(digest)), allow_pickle=False)
    return loaded


def _unmasked(values: Any) -> NDArray[Any]:
    mask = np.ma.getmaskarray(values)
    if not mask.any():
        return np.asarray(values)
    plain = np.asarray(values.data, dtype=object).copy()
    plain[mask] = None
    if values.dtype.kind == "f":
        return np.where(mask, np.nan, values.data)
    return plain
