"""Derived versions: a function of a data set, recorded with its code and parameters.

@peira.transform
def normalised(digits, scale=16.0):
    return {"X": digits.X / scale, "y": digits.y}

normalised("digits:v1", scale=16.0)           the next version of `digits`
normalised("digits:v1", name="digits-norm")   the first version of another name
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from peira.core.errors import UsageError
from peira.core.values import param_value
from peira.data.add import Facts, add_path, add_table
from peira.data.catalog import Transform
from peira.data.dataset import Dataset
from peira.data.reference import open_reference, parse, view_part, without_sealed
from peira.data.rows import Columns, as_text, row_digests
from peira.data.sealed import sealed_rows
from peira.data.tables import to_columns

Function = Callable[..., Any]


def derive(
    parent: Dataset,
    function: Function,
    params: dict[str, Any],
    *,
    name: str | None = None,
    keeps_rows: bool | None = None,
    run: str | None = None,
) -> Dataset:
    """Make a version of what a function makes of a data set; see `peira.transform`.

    Args:
        keeps_rows: whether row n of what comes out is made of row n of the parent. If not, no seal
            would hold for what comes out, so the function is given no sealed rows. When None they
            are if as many come out, and that they are in order is looked at.
        run: id of the run that does it.

    Raises:
        UsageError: the function returned something that is no data, other rows than those of a
            parent with sealed ones, or rows in another order although `keeps_rows` is None.
    """
    if keeps_rows is False and parent.rows is None:
        parent = without_sealed(parent)
    given = function(parent, **params)
    facts = Facts(
        source=f"{function.__module__}.{function.__qualname__}",
        parent=parent.ref + (f":{parent.part}" if parent.part else ""),
        transform=Transform(
            name=function.__name__,
            code=_code(parent, function),
            params={key: param_value(value) for key, value in params.items()},
        ),
        run=run,
    )
    target = name or parent.version.name
    if isinstance(given, str | Path):
        if keeps_rows is not False:
            _refuse_sealed(parent)
        added = add_path(parent.root, target, Path(given), facts=facts)
    else:
        columns = to_columns(given)
        rows = len(next(iter(columns.values()))) if columns else 0
        is_same = keeps_rows is not False and parent.manifest.ids is not None
        is_same = is_same and rows == len(parent)
        if keeps_rows is not False and not is_same:
            _refuse_sealed(parent)
        if is_same and keeps_rows is None:
            _look_at_order(parent, columns, function.__name__)
        label = parent.label if parent.label in columns else None
        added = add_table(
            parent.root, target, columns, label=label, facts=facts,
            ids=parent.ids if is_same else None,
        )  # fmt: skip
    return open_reference(parent.root, added.version.ref)


def _refuse_sealed(parent: Dataset) -> None:
    if parent.manifest.ids is not None and parent.rows is None and len(sealed_rows(parent)):
        raise UsageError(
            f"{parent.ref} has sealed rows, and what came out does not keep their ids: they would"
            " be in the new version with their labels.",
            hint="Return as many rows as came in; or say that they are new rows, and the function"
            " gets none that are sealed: keeps_rows=False, on the command line --new-rows.",
        )


SWAPPED_MIN = 0.1
"""Labels of so many rows that moved among the rows are no corrections."""


def _look_at_order(parent: Dataset, columns: Columns, name: str) -> None:
    """Refuse rows that came out in another order: they would keep the ids of others, and with them
    the side of each split.

    Raises:
        UsageError: the rows are the same in another order, or the labels are.
    """
    label = parent.label

    def contents(table: Columns) -> list[bytes]:
        inputs = {name: values for name, values in table.items() if name != label}
        return row_digests(inputs or table)

    own, before = contents(columns), contents(parent.columns)
    if own == before:
        return
    is_moved = Counter(own) == Counter(before)
    if not is_moved and label is not None and label in columns and parent.has_labels:
        was = [as_text(value) for value in parent.y.tolist()]
        now = [as_text(value) for value in columns[label].tolist()]
        moved = sum(a != b for a, b in zip(was, now, strict=True))
        is_moved = moved > SWAPPED_MIN * len(was) and Counter(was) == Counter(now)
    if is_moved:
        raise UsageError(
            f"{name} returns the rows in another order; each would be taken for another one.",
            hint="Return them in the order of the data set, or say that they are new rows:"
            " keeps_rows=False, --new-rows. If only the labels were dealt anew: keeps_rows=True,"
            " --same-rows.",
        )


def parent_of(root: Path, text: str) -> Dataset:
    """Return what a transform works on: all rows of a version, those of a sealed part too, or its
    derived version could not be evaluated. What it does with them is recorded with its code.

    Raises:
        NotFoundError, AmbiguousError: there is no such data.
    """
    found = parse(root, text)
    whole = Dataset(root, found.version)
    return whole if found.split is None else view_part(whole, found.split, found.part)


def _code(parent: Dataset, function: Function) -> str | None:
    """Store the source text of a function; None when it has none (it was typed at a prompt)."""
    try:
        text = inspect.getsource(function)
    except (OSError, TypeError):
        return None
    return parent.objects.put_bytes(text.encode()).digest


def load_function(text: str) -> Function:
    """Return the function that `file.py:name` means.

    Raises:
        UsageError: there is no such file or function.
    """
    import runpy

    file, colon, name = text.rpartition(":")
    if not colon:
        raise UsageError(f"{text!r:.100} is no function.", hint="Write file.py:function.")
    if not Path(file).is_file():
        raise UsageError(f"There is no file {file:.200} here.", hint="Write file.py:function.")
    found = runpy.run_path(file).get(name)
    if not callable(found):
        raise UsageError(f"{file} has no function {name!r:.60}.")
    function: Function = getattr(found, "__wrapped__", found)
    return function
