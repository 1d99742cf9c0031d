"""The ledger of a hold-out: every look is claimed, priced, answered by a word, and kept for ever.

    .peira/datasets/<name>/looks/<split>/<part>/<n>.json      look n, made exclusively
    .peira/datasets/<name>/deposits/<split>/<part>/<run>.bin  which examples a run got right, sealed
    .peira/datasets/<name>/deposits/<split>/<part>/<run>.f64  of numbers: how far off each was
    .peira/datasets/<name>/deposits/<split>/<part>/<run>.json  digests of labels and predictions

A run that is evaluated on a sealed part deposits which examples it got right, or how far off its
numbers were; that shows nothing. A look is one claim about a frozen recipe ("these runs reach at
least 97.5 %", "their mean absolute error is at most 3"). Look i is tested at
`spent_level(i)`, so that all looks together err in at most 5 %, and answers with a word and the
half-width of its interval, never with the number itself: that would end the guarantee. Source:
SCIENCE 2.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from peira.core import ids
from peira.core.clock import now_s
from peira.core.errors import LabError, NotFoundError, UsageError
from peira.data import sealed
from peira.data.catalog import Catalog
from peira.data.dataset import Dataset
from peira.data.splits import Split, ids_of
from peira.lab.gc import DATASETS
from peira.lab.journal import user_name
from peira.record.folder import write_atomically, write_once
from peira.science import errors
from peira.science.levels import spent_level
from peira.science.proportions import clopper_pearson, wilson, z_value
from peira.science.recipe import RUNS_MIN, judge_recipe

FORMAT = 1
WIDE = 2.0
"""A hold-out is due for renewal when its interval is so many times as wide as at the first look."""

Word = Literal["supported", "refuted", "undecided"]
Measure = Literal["accuracy", "mae"]
"""What is claimed: a share of right answers at least so high, or a mean absolute error at most."""


Answered = NDArray[Any]
"""Which examples are right (bool), or the absolute error of each (float64)."""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What is claimed, before anybody looks."""

    threshold: float
    """Least share of right answers on unseen examples; of numbers the largest mean absolute
    error.
    """
    runs: list[str]
    """Ids: one for "this model", three or more with different seeds for "this recipe"."""
    why: str = ""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a deposit is of, without showing any of it."""

    labels: str
    """Digest of the true values: a version may have other labels for the same rows."""
    predictions: str
    """Digest of the scores, or of what was predicted without: two runs with the same are one piece
    of evidence.
    """


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """One look: who, what was claimed, at which price, and the answer."""

    format: int
    number: int
    dataset: str
    split: str
    part: str
    claim: Claim
    scope: Literal["model", "recipe"]
    level: float
    """Probability of a false word in one direction."""
    word: Word
    half_width: float
    """Of the interval: known beforehand, so it shows nothing of the answer."""
    examples: int
    time: float
    by: str
    measure: Measure = "accuracy"

    @property
    def claimed(self) -> str:
        """What was claimed, to follow "this recipe": `is right on at least 0.975`."""
        if self.measure == "mae":
            return f"has a mean absolute error of at most {self.claim.threshold:g}"
        return f"is right on at least {self.claim.threshold:g}"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a hold-out stands."""

    looks: list[Look]
    budget: int
    left: int
    width: float
    """How many times as wide as at the first look the next interval is."""
    is_due: bool
    """Whether a new hold-out is due: the budget is spent, or the interval too wide."""
    unknown: int = 0
    """Rows of the latest version that are in no part of the split: the data went on without it."""


def deposit(
    root: Path,
    split: Split,
    part: str,
    run: str,
    answers: Answered,
    *,
    facts: Facts | None = None,
) -> None:
    """Keep which examples a run got right, or the absolute error of each, in the order of the
    part's ids; a later deposit of the run replaces the earlier one. Nothing is shown, so this is no
    look.

    Raises:
        UsageError: the part is not sealed, has another number of examples, or an error is not
            finite.
        LabError: the lab cannot be written.
    """
    _sealed(root, split, part)
    expected = split.parts[part].rows
    if len(answers) != expected:
        raise UsageError(
            f"{split.dataset}/{split.name}/{part} has {expected} examples; {len(answers)} were"
            " evaluated.",
            hint="Evaluate all of it: an answer about a choice of examples says nothing.",
        )
    measure: Measure = "accuracy" if answers.dtype == bool else "mae"
    if measure == "mae" and not np.isfinite(answers).all():
        raise UsageError(
            "A hold-out takes finite numbers only: one infinite error would be all of the mean."
        )
    path = _deposit_path(root, split, part, run, measure)
    other = _deposit_path(root, split, part, run, "mae" if measure == "accuracy" else "accuracy")
    packed = np.packbits(answers) if measure == "accuracy" else answers.astype("<f8")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(path, packed.tobytes())
        other.unlink(missing_ok=True)
        if facts is not None:
            write_atomically(path.with_suffix(".json"), msgspec.json.encode(facts))
    except OSError as error:
        raise LabError(f"The deposit cannot be written: {error.strerror} ({path}).") from error


def look(root: Path, split: Split, part: str, claim: Claim) -> Look:
    """Put a claim to a hold-out; return the answer, which is in the ledger before anybody sees it.

    Raises:
        NotFoundError: a run has not been evaluated on this part.
        UsageError: the part is not sealed, or the claim cannot be judged (two runs, runs that
            predicted the same or were evaluated on other true values, no threshold between 0 and 1,
            labels and numbers mixed).
        LabError: the ledger cannot be written.
    """
    how = _sealed(root, split, part)
    if not claim.runs or len(set(claim.runs)) != len(claim.runs):
        raise UsageError("A claim names at least one run, each once.")
    if 1 < len(claim.runs) < RUNS_MIN:
        raise UsageError(
            f"A recipe is not judged by {len(claim.runs)} runs.",
            hint=f"Claim one model, or a recipe by {RUNS_MIN} or more seeds.",
        )
    answers = [_deposited(root, split, part, run) for run in claim.runs]
    if len({one.dtype for one in answers}) > 1:
        raise UsageError("Some of these runs answered with labels and some with numbers.")
    _refuse_unlike(_folder(root, split, "deposits", part), claim.runs)
    table = np.stack(answers)
    measure: Measure = "accuracy" if table.dtype == bool else "mae"
    if not 0 < claim.threshold < (1 if measure == "accuracy" else np.inf):
        raise UsageError(
            f"A claim wants a threshold between 0 and 1, not {claim.threshold}."
            if measure == "accuracy"
            else f"A claim of a mean absolute error is above 0, not {claim.threshold}."
        )
    folder = _looks_folder(root, split, part)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = len(looks(root, split, part))
        while True:
            number += 1
            level = spent_level(number, is_strict=how.is_strict)
            word, half = _judge(table, claim.threshold, level)
            made = Look(
                format=FORMAT, number=number, dataset=split.dataset, split=split.name, part=part,
                claim=claim, scope="model" if len(claim.runs) == 1 else "recipe", level=level,
                word=word, half_width=half, examples=table.shape[1], time=now_s(), by=user_name(),
                measure=measure,
            )  # fmt: skip
            data = msgspec.json.format(msgspec.json.encode(made), indent=1)
            if write_once(folder / f"{number}.json", data):
                return made
    except OSError as error:
        raise LabError(
            f"The look cannot be recorded, so it is not taken: {error.strerror} ({folder})."
        ) from error


def _refuse_unlike(folder: Path, runs: list[str]) -> None:
    """Raise unless these deposits are of the same true values, and each of other predictions."""
    known = {}
    for run in runs:
        try:
            known[run] = msgspec.json.decode((folder / f"{run}.json").read_bytes(), type=Facts)
        except FileNotFoundError:  # deposited before there were facts
            continue
    if len({facts.labels for facts in known.values()}) > 1:
        raise UsageError(
            "These runs were evaluated on versions that have other true values for the same rows.",
            hint="Evaluate all of them on one version.",
        )
    first: dict[str, str] = {}
    for run, facts in known.items():
        if facts.predictions in first:
            raise UsageError(
                f"The runs {first[facts.predictions]} and {run} predicted exactly the same, as if"
                " the seed had no effect: they are one piece of evidence.",
                hint="Claim something of one model, or name runs that differ. Models that agree on"
                " every sample are told apart by their scores: evaluate with scores=.",
            )
        first[facts.predictions] = run


def _judge(table: Answered, threshold: float, level: float) -> tuple[Word, float]:
    """Return the word, and the half-width that a claim at this threshold has.

    The half-width is that at the threshold itself, not at what was seen, so it shows nothing.
    """
    runs, examples = table.shape
    if table.dtype != bool:
        found = errors.judge_error(table.astype(float), threshold, level)
        return found, errors.half_width(threshold, examples, level)
    if runs == 1:
        lower, upper = clopper_pearson(int(table.sum()), examples, level)
        word: Word = "undecided"
        if lower >= threshold:
            word = "supported"
        elif upper < threshold:
            word = "refuted"
    else:
        word = judge_recipe(table, threshold, alpha=level).word
    return word, half_width(threshold, runs, examples, level)


def half_width(threshold: float, runs: int, examples: int, level: float) -> float:
    """Return half the interval of a share of right answers that was just the threshold: of one
    model the exact interval, of a recipe that of its examples, to which its seeds add.
    """
    if runs == 1:
        lower, upper = clopper_pearson(round(threshold * examples), examples, level)
    else:
        lower, upper = wilson(threshold, examples, level)
    return (upper - lower) / 2


def looks(root: Path, split: Split, part: str) -> list[Look]:
    """Return all looks at a hold-out, in order."""
    folder = _looks_folder(root, split, part)
    paths = [path for path in folder.glob("*.json") if path.stem.isdecimal()]
    return [
        msgspec.json.decode(path.read_bytes(), type=Look)
        for path in sorted(paths, key=lambda path: int(path.stem))
    ]


def standing(root: Path, split: Split, part: str) -> Standing:
    """Return looks, what is left, and whether a new hold-out is due.

    Raises:
        UsageError: the part is not sealed.
    """
    how = _sealed(root, split, part)
    taken = looks(root, split, part)
    following = spent_level(len(taken) + 1, is_strict=how.is_strict)
    width = z_value(following) / z_value(spent_level(1))
    left = max(0, how.budget - len(taken))
    return Standing(
        looks=taken, budget=how.budget, left=left, width=width, is_due=left == 0 or width > WIDE,
        unknown=_unknown(root, split),
    )  # fmt: skip


def _unknown(root: Path, split: Split) -> int:
    try:
        latest = Dataset(root, Catalog(root).find(split.dataset))
    except NotFoundError:  # all versions were removed
        return 0
    if latest.manifest.ids is None:
        return 0
    known = np.concatenate([ids_of(split, part, latest.objects) for part in split.parts])
    return int((~np.isin(latest.ids, known)).sum())


def _sealed(root: Path, split: Split, part: str) -> sealed.Seal:
    found = sealed.seal_of(root, split, part)
    if found is None:
        raise UsageError(
            f"{split.dataset}/{split.name}/{part} is no sealed hold-out.",
            hint="Seal it first: peira holdout seal.",
        )
    return found


def _deposited(root: Path, split: Split, part: str, run: str) -> Answered:
    rows = split.parts[part].rows
    path = _deposit_path(root, split, part, run, "accuracy")
    if path.exists():
        packed = np.frombuffer(path.read_bytes(), dtype=np.uint8)
        return np.unpackbits(packed, count=rows).astype(bool)
    try:
        data = _deposit_path(root, split, part, run, "mae").read_bytes()
    except FileNotFoundError:
        raise NotFoundError(
            f"Run {run:.20} has not been evaluated on {split.dataset}/{split.name}/{part}.",
            hint="Call run.evaluate() with this part in it.",
        ) from None
    return np.frombuffer(data, dtype="<f8")


def _looks_folder(root: Path, split: Split, part: str) -> Path:
    return _folder(root, split, "looks", part)


def _folder(root: Path, split: Split, kind: str, part: str) -> Path:
    # The names of splits were checked when they were made; those of parts may be a column's values.
    if part not in split.parts:
        raise NotFoundError(f"The split {split.name} has no part {part!r:.60}.")
    place = list(split.parts).index(part)
    return root / DATASETS / split.dataset / kind / split.name / str(place)


def _deposit_path(root: Path, split: Split, part: str, run: str, measure: Measure) -> Path:
    if not ids.is_run_id(run):
        raise UsageError(f"{run!r:.60} is not a run id.")
    ending = "bin" if measure == "accuracy" else "f64"
    return _folder(root, split, "deposits", part) / f"{run}.{ending}"
