"""Hold-outs: parts of a split whose labels only the evaluator reads.

    journal  dataset.sealed    <name>/<split>/<part>  {"budget": 10, "is_strict": false}; null when
                                                      it was unsealed, which ends its guarantee
    journal  dataset.unsealed  <name>/<split>/<part>  {"why": text}

A seal keeps honest people honest: a version gives its sealed rows to nobody, their part gives
inputs without labels, and each use of the labels is a look that is recorded
(`peira/evaluate/ledger.py`). Whoever reads the bytes of the store by hand can read them; a run that
opens the file that a hold-out came from is told of (`openers.py`). Source: SCIENCE 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from peira.core.errors import UsageError
from peira.data import splits
from peira.data.catalog import Catalog
from peira.data.dataset import Dataset
from peira.data.edited import edited_ids
from peira.data.rows import Ids
from peira.data.splits import Split
from peira.lab.journal import Decision, Journal
from peira.science.levels import BUDGET

SEALED = "dataset.sealed"
UNSEALED = "dataset.unsealed"


class Seal(msgspec.Struct, frozen=True, kw_only=True):
    """How a hold-out is guarded."""

    budget: int = BUDGET
    """Looks after which a new hold-out is due."""
    is_strict: bool = False
    """Whether the levels also cover someone who chooses each claim by all answers so far."""


def seal(root: Path, split: Split, part: str, how: Seal | None = None) -> None:
    """Seal a part from now on.

    Raises:
        NotFoundError: the split has no such part.
        UsageError: it was unsealed once: what was seen cannot be unseen; it has rows of another
            hold-out, whose looks would begin anew; it was strict before; or it has no labels.
    """
    how = how or Seal()
    check(root, split, part, how)
    Journal(root).append(SEALED, _id(split, part), msgspec.to_builtins(how))


def check(root: Path, split: Split, part: str, how: Seal | None = None) -> None:
    """Raise what sealing would; the split need not be kept yet."""
    splits.part_of(split, part)
    ids = splits.ids_of(split, part, Dataset.store(root))
    how = how or Seal()
    journal = Journal(root)
    history = _history(journal, split, part)
    if history and history[-1].value is None:
        raise UsageError(
            f"{_id(split, part)} was unsealed by {history[-1].by}; it cannot be sealed again.",
            hint="Seal a part that nobody has seen.",
        )
    if history and history[-1].value.get("is_strict") and not how.is_strict:
        raise UsageError(f"{_id(split, part)} is strict; that cannot be taken back.")
    if Dataset(root, Catalog(root).find(split.version)).label is None:
        raise UsageError(
            f"{split.version} names no label column, so there is nothing to seal.",
            hint="Name it when adding: peira data add --label COLUMN.",
        )
    for id, decision, others in _known(root, journal):
        shared = int(np.isin(ids, others).sum()) if id != _id(split, part) else 0
        if shared:
            was = "is sealed" if decision.value is not None else f"was unsealed by {decision.by}"
            raise UsageError(
                f"{shared:,} of the {len(ids):,} rows of {_id(split, part)} are in {id}, which"
                f" {was}: what was learned of them there counts here, too.",
                hint="Put claims to that one, or seal rows that are in no hold-out.",
            )


def _known(root: Path, journal: Journal) -> Iterator[tuple[str, Decision, Ids]]:
    """Yield every hold-out, also those that were unsealed: id, standing decision, ids of rows."""
    objects = Dataset.store(root)
    for id, decision in {found.id: found for found in journal.history(SEALED)}.items():
        owner, name, part = id.split("/", 2)
        if name in splits.names(root, owner):  # journals come from other labs, too
            yield id, decision, splits.ids_of(splits.read(root, owner, name), part, objects)


def unseal(root: Path, split: Split, part: str, why: str) -> None:
    """Open a hold-out for good: it is a development set from now on, and the record says who did it
    and why.

    Raises:
        UsageError: it is not sealed, or no reason is given.
    """
    if not why.strip():
        raise UsageError("Unsealing wants a reason.", hint="Say why.")
    if seal_of(root, split, part) is None:
        raise UsageError(f"{_id(split, part)} is not sealed.")
    journal = Journal(root)
    journal.append(UNSEALED, _id(split, part), {"why": why})
    journal.append(SEALED, _id(split, part), None)


def seal_of(root: Path, split: Split, part: str) -> Seal | None:
    """Return how a part is guarded; None when it is not sealed."""
    history = _history(Journal(root), split, part)
    is_sealed = bool(history) and history[-1].value is not None
    return msgspec.convert(history[-1].value, Seal) if is_sealed else None


class BudgetChange(msgspec.Struct, frozen=True, kw_only=True):
    """Who gave a hold-out another number of looks."""

    time: float
    by: str
    before: int
    after: int

    @property
    def text(self) -> str:
        """`budget raised from 10 to 1,000 looks by ada`."""
        word = "raised" if self.after > self.before else "lowered"
        return f"budget {word} from {self.before:,} to {self.after:,} looks by {self.by}"


def budget_changes(root: Path, split: Split, part: str) -> list[BudgetChange]:
    """Return how the budget of a part changed since it was sealed, in order."""
    told = [found for found in _history(Journal(root), split, part) if found.value is not None]
    budgets = [msgspec.convert(found.value, Seal).budget for found in told]
    return [
        BudgetChange(time=found.time, by=found.by, before=before, after=after)
        for found, before, after in zip(told[1:], budgets, budgets[1:], strict=False)
        if before != after
    ]


class State(msgspec.Struct, frozen=True, kw_only=True):
    """A part that is sealed, or was: then who opened it, and why."""

    seal: Seal | None
    unsealed_by: str = ""
    unsealed_why: str = ""


def state_of(root: Path, split: Split, part: str) -> State | None:
    """Return whether a part is a hold-out, or was one; None when it never was."""
    journal = Journal(root)
    history = _history(journal, split, part)
    if not history:
        return None
    if history[-1].value is not None:
        return State(seal=msgspec.convert(history[-1].value, Seal))
    said = journal.history(UNSEALED, _id(split, part))
    return State(
        seal=None,
        unsealed_by=said[-1].by if said else history[-1].by,
        unsealed_why=str(said[-1].value.get("why", "")) if said else "",
    )


def was_sealed(root: Path, split: Split, part: str) -> bool:
    """Return whether a part is sealed, or was before it was unsealed."""
    return bool(_history(Journal(root), split, part))


def _history(journal: Journal, split: Split, part: str) -> list[Decision]:
    return journal.history(SEALED, _id(split, part))


def _id(split: Split, part: str) -> str:
    return f"{split.dataset}/{split.name}/{part}"


def sealed_rows(dataset: Dataset) -> NDArray[np.intp]:
    """Return the positions of the rows that are sealed, in the whole version, rising.

    Ids are of content, so a row is sealed by whatever name it was: as a part of this data set, of
    one that was made from it, or of a copy. One whose label was corrected since, or that has more
    columns, is told by its inputs.
    """
    is_sealed = np.zeros(len(dataset), dtype=bool)
    for id, decision, ids in _known(dataset.root, Journal(dataset.root)):
        if decision.value is not None:
            owner, name, part = id.split("/", 2)
            split = splits.read(dataset.root, owner, name)
            is_sealed |= np.isin(dataset.ids, ids)
            is_sealed |= np.isin(dataset.ids, edited_ids(dataset, split, part))
    return np.flatnonzero(is_sealed)


def seals(root: Path, journal: Journal) -> Iterator[tuple[float, Ids]]:
    """Yield when each part that is sealed was, first, and the ids of its rows."""
    first: dict[str, float] = {}
    for decision in journal.history(SEALED):
        first.setdefault(decision.id, decision.time)
    for id, decision, ids in _known(root, journal):
        if decision.value is not None:
            yield first[id], ids
