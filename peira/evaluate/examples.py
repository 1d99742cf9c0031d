"""Which examples are evaluated: rows of a data version by its split, or what the program names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from peira.core.errors import NotFoundError, UsageError
from peira.data import sealed
from peira.data.dataset import Dataset
from peira.data.reference import find_part, parse, seen_rows
from peira.data.splits import Split


class Examples(NamedTuple):
    """The examples of an evaluation: their ids in order, and what is known of them."""

    ids: list[str]
    true: Any = None
    """True values, when the data version has them."""
    whole: Dataset | None = None
    split: Split | None = None
    part: str = ""
    is_sealed: bool = False

    @property
    def place(self) -> dict[str, str]:
        """What an evaluation records of where its examples come from."""
        if self.whole is None or self.split is None:
            return {}
        return {
            "dataset": self.whole.ref,
            "content": self.whole.manifest.content,
            "split": f"{self.split.name}/{self.part}",
        }


def find(used: Sequence[Dataset], name: str) -> Examples | None:
    """Return the examples that a name means in the data which a run used; None when no split of
    them has such a part. What it used as that very part comes first, then what it used last: rows
    may stand in another order in another version. A part alone (`dev`) is of the split of which the
    run used a part, if that has it. A name with a colon (`digits:v1:main/test`) says which data it
    is of.
    """
    own = [one for one in used if one.part == name or one.part.endswith(f"/{name}")]
    for dataset in [*reversed(own), *reversed(used)]:
        if ":" in name:
            try:
                meant = parse(dataset.root, name)
            except NotFoundError:
                return None
            if meant.split is not None and meant.version.ref == dataset.ref:
                return of_part(dataset, meant.split, meant.part)
            continue
        split_used = dataset.part.partition("/")[0]
        for text in (f"{split_used}/{name}", name) if split_used and "/" not in name else (name,):
            try:
                return of_part(dataset, *find_part(dataset.root, dataset.version, text))
            except NotFoundError:
                continue
    return None


def of_part(dataset: Dataset, split: Split, part: str) -> Examples:
    """Return the examples of a part, with labels also where it is sealed: the caller evaluates."""
    whole = Dataset(dataset.root, dataset.version)
    seen = whole.only(seen_rows(whole, split, part))
    true = seen.y if whole.label is not None else None
    is_sealed = sealed.seal_of(whole.root, split, part) is not None
    return Examples([id.decode() for id in seen.ids.tolist()], true, whole, split, part, is_sealed)


def in_order(examples: Examples, ids: Sequence[Any] | None) -> Examples:
    """Return the examples of a part in the order of the given ids; as they are when there are none.

    Raises:
        UsageError: they are not the ids of all rows of the part, each once.
    """
    if ids is None:
        return examples
    place = {id: row for row, id in enumerate(examples.ids)}
    wanted = [_text(id) for id in ids]
    strange = next((id for id in wanted if id not in place), None)
    if strange is not None or len(set(wanted)) != len(wanted) or len(wanted) != len(place):
        told = (
            f"there is no row {strange:.60}"
            if strange is not None
            else f"{len(wanted):,} were given, {len(set(wanted)):,} of them different"
        )
        raise UsageError(
            f"The ids are not those of {examples.split and examples.split.name}/{examples.part},"
            f" {len(place):,} rows, each once: {told}.",
            hint="Give the `.ids` of the part in the order of the answers, or none.",
        )
    rows = [place[id] for id in wanted]
    true = None if examples.true is None else examples.true[rows]
    return examples._replace(ids=wanted, true=true)


def named(count: int, ids: Sequence[Any] | None) -> Examples:
    """Return examples that no data version knows: by the ids that were given, else by number.

    Raises:
        UsageError: there is not one id for each example.
    """
    if ids is None:
        return Examples([str(number) for number in range(count)])
    if len(ids) != count:
        raise UsageError(f"There are {len(ids)} ids for {count} examples.")
    return Examples([_text(id) for id in ids])


def refuse_misfits(count: int, beside: Mapping[str, Any]) -> None:
    """Raise UsageError unless what is kept beside `count` examples is one value for each.

    Args:
        beside: `samples`, and `slices` by name; None for what was not given.
    """
    if not count:
        raise UsageError("There are no examples: the true values are empty.")
    slices = beside.get("slices")
    if slices is not None and not isinstance(slices, Mapping):
        raise UsageError(
            f"slices= is a {type(slices).__name__}; a name with one value an example is wanted.",
            hint="For example slices={'hospital': test['hospital']}; columns of a data version can"
            " be sliced by without it.",
        )
    columns = {"samples": beside.get("samples"), **(slices or {})}
    for name, values in columns.items():
        if values is not None and len(values) != count:
            raise UsageError(
                f"There are {len(values):,} values of {name!r:.60} for {count:,} examples."
            )


def _text(id: Any) -> str:
    return id.decode() if isinstance(id, bytes) else str(id)


def in_order_of_ids(examples: Examples, answers: NDArray[Any]) -> NDArray[Any]:
    """Return answers in the order of the sorted ids, as a deposit wants them."""
    return answers[np.argsort(np.array(examples.ids))]
