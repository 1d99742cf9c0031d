"""The methods of a run that use data under version, and that evaluate on it."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from peira.core.clock import now_s
from peira.core.errors import UsageError
from peira.core.settings import read_settings
from peira.current import open_runs
from peira.record import events
from peira.record.folder import find_lab
from peira.recorder import Recorder, guarded

if TYPE_CHECKING:
    from peira.data.dataset import Dataset
    from peira.evaluate.answers import Answers, Task
    from peira.evaluate.examples import Examples
    from peira.evaluate.ledger import Look


class _Unknown(dict[str, Any]):
    """Metrics that could not be computed: NaN under every name."""

    def __missing__(self, name: str) -> float:
        return math.nan


class EvaluateOptions(TypedDict, total=False):
    """Options of `Run.evaluate`, each None when it is not given."""

    samples: Any
    """What was shown to the model, one an example (pictures, texts, sounds): kept to look at,
    unless the data version has it.
    """
    sample_rate: int | None
    """Of samples that are sounds, in Hz."""
    ids: Sequence[Any] | None
    """Names of the examples, in the order of the answers. On a part of a split they are ids of its
    rows, each once; not needed when answers are in the order of the rows.
    """
    task: Task | None
    """See `peira.evaluate.answers.Answers`; seen from the values when None."""
    classes: Sequence[Any] | None
    """All labels, in the order of the columns of `scores`."""
    slices: Mapping[str, Sequence[Any]] | None
    """Columns to look at the results by: one value an example."""
    groups: Sequence[Any] | None
    """The query of each item, for ranking."""
    step: int | None
    name: str | None
    """Of the evaluation and of its metrics; what `split` says when None."""
    claim: float | None
    """On a hold-out: the least share of right answers that is claimed of this model; of numbers the
    largest mean absolute error.
    """
    why: str


class DataLog(Recorder):
    """Data and evaluations of a run."""

    def __init__(self, *, is_strict: bool = False) -> None:
        super().__init__(is_strict=is_strict)
        self._used: list[Dataset] = []

    def use(self, ref: str) -> Dataset:
        """Return a version of a data set, and record that this run used it.

        Args:
            ref: `digits`, `digits:v3`, `digits:prod`, or a part: `digits:v3:main/train`,
                `digits:train`. Rows of a sealed hold-out are in none but their own part, which has
                no labels.

        Raises:
            NotFoundError, AmbiguousError, DamagedError: strict or not, the data cannot be had:
                without them the program would do something else.

        >>> digits = run.use("digits:v3")                                     # doctest: +SKIP
        >>> digits.X, digits.y                                                # doctest: +SKIP
        """
        from peira.data.reference import open_reference

        dataset = open_reference(self._lab_root(), ref)
        if dataset.withheld:
            self._voice.say(
                f"{ref} is {len(dataset):,} rows: {dataset.withheld:,} more are in a sealed"
                " hold-out, and given to nobody."
            )
        self._used.append(dataset)
        self._attempt(lambda: self._record_use(dataset, "used"))
        return dataset

    @property
    def used_data(self) -> tuple[Dataset, ...]:
        """The data that this run used, in the order of their use."""
        return tuple(self._used)

    def dataset(self, name: str, data: Any, *, label: str | None = None, note: str = "") -> Dataset:
        """Put data under version, and record that this run used it. The same content is the same
        version, so this may stand in every run.

        Args:
            data: arrays by name, (X, y), a pandas or Polars DataFrame, an Arrow table, a Hugging
                Face dataset, or the path of a folder or file.
            label: the column that is to be predicted; `y` or `label` when there is one.

        Raises:
            UsageError, NotFoundError: strict or not, it is no data, or not there.

        >>> digits = run.dataset("digits", load_digits())                     # doctest: +SKIP
        """
        from peira.data.add import Facts, add_path, add_table
        from peira.data.reference import open_reference

        root = self._lab_root()
        is_path = isinstance(data, str | os.PathLike)
        source = os.fspath(data) if is_path else "memory"
        facts = Facts(source=source, run=self.id or None, note=note)
        if is_path:
            added = add_path(root, name, Path(data), label=label, facts=facts)
            version = added.version
            if added.left_out:
                self._voice.say(
                    f"{len(added.left_out)} links that lead out of {source} are not in"
                    f" {version.ref}: {', '.join(added.left_out[:3])}"
                )
        else:
            version = add_table(root, name, data, label=label, facts=facts).version
        dataset = open_reference(root, version.ref)
        if dataset.rows is not None:
            self._voice.say(
                f"{version.ref} has {dataset.manifest.rows - len(dataset):,} sealed rows: learn"
                " from what dataset() returns, which lacks them, not from what it was given."
            )
        self._used.append(dataset)
        self._attempt(lambda: self._record_use(dataset, "used"))
        return dataset

    def evaluate(
        self,
        split: str,
        y_true: Any = None,
        y_pred: Any = None,
        scores: Any = None,
        **options: Unpack[EvaluateOptions],
    ) -> dict[str, Any]:
        """Evaluate predictions: compute the metrics of the task, keep the results of every example,
        and log the metrics as `<split>/<metric>`.

        Args:
            split: a name; or a part of a split of data that this run used (`test`, `main/test`):
                then `y_true` may be None, and the answers are in the order of the part's rows.
            y_true, y_pred, scores: true values, predictions, scores; see `Answers` for their
                shapes. Without `y_pred` the class with the highest score is predicted.

        Returns the metrics by name; what could not be recorded has NaN under every name, for
        training must not end of it. Of a sealed hold-out no number is shown: without `claim` the
        answers are deposited, with it this is a look, and the word is returned.

        Raises:
            UsageError, UnsupportedError: in strict mode, values do not fit each other, or
                scikit-learn is missing.

        >>> run.evaluate("test", scores=model.predict_proba(test.X))          # doctest: +SKIP
        {'accuracy': 0.975, ...}
        """
        metrics = self._evaluate(split, y_true, y_pred, scores, options)
        return _Unknown() if metrics is None else metrics

    @guarded
    def _evaluate(
        self, split: str, y_true: Any, y_pred: Any, scores: Any, options: EvaluateOptions
    ) -> dict[str, Any] | None:
        from peira.evaluate import examples as named
        from peira.evaluate.answers import answers

        strange = options.keys() - EvaluateOptions.__annotations__.keys()
        if strange:
            raise UsageError(
                f"evaluate() has no option {', '.join(sorted(strange))}.",
                hint=f"It has {', '.join(EvaluateOptions.__annotations__)}.",
            )
        if not (options.get("name") or split):
            raise UsageError("An evaluation wants a name: evaluate('dev', …).")
        known = named.find(self._used, split)
        if known is not None:
            known = named.in_order(known, options.get("ids"))
        if known is not None and known.is_sealed and y_true is not None:
            raise UsageError(
                f"{split!r:.60} is a sealed hold-out: its true values are its own.",
                hint="Leave y_true away; or give another name to an evaluation on other data.",
            )
        true = y_true if known is None or y_true is not None else known.true
        if true is None:
            raise UsageError(
                f"There are no true values for {split!r:.60}.",
                hint="Give y_true, or name a part of a split of data that this run uses.",
            )
        classes = options.get("classes")
        try:
            given = answers(
                true,
                y_pred,
                scores,
                task=options.get("task"),
                classes=None if classes is None else list(classes),
                groups=options.get("groups"),
            )
        except UsageError:
            if known is None or not known.is_sealed:
                raise
            raise UsageError(  # the reason may name its labels
                f"The answers do not fit the sealed part {split:.60}: their number, shape, kind, or"
                " the task or classes that were said.",
                hint="Try the same on a part that is not sealed; there the reason is told.",
            ) from None
        named.refuse_misfits(len(given), options)
        found = known or named.named(len(given), options.get("ids"))
        if found.is_sealed:
            return self._evaluate_sealed(options.get("name") or split, found, given, options)
        return self._evaluate_open(options.get("name") or split, found, given, options)

    def _evaluate_open(
        self, name: str, found: Examples, given: Answers, options: EvaluateOptions
    ) -> dict[str, Any]:
        from peira.data.add import store_table
        from peira.evaluate.evaluation import Place, evaluate
        from peira.objects.folder import FolderObjects

        root = self._lab_root()
        samples = options.get("samples")
        inputs = None
        if samples is not None and found.whole is None:
            inputs = store_table(root, _shown(samples, options.get("sample_rate"))).manifest
        step = options.get("step")
        place = Place(name=name, step=step, inputs=inputs, **found.place)
        objects = FolderObjects(root / "objects")
        event = evaluate(objects, place, found.ids, given, options.get("slices"))
        self._record(event)
        self.log({f"{name}/{key}": value for key, value in _numbers(event.metrics)}, step)
        return dict(_numbers(event.metrics))

    def _evaluate_sealed(
        self, name: str, found: Examples, given: Answers, options: EvaluateOptions
    ) -> dict[str, Any]:
        import numpy as np

        from peira.evaluate import ledger, samples, suites
        from peira.evaluate.evaluation import digest_of, digests
        from peira.evaluate.examples import in_order_of_ids

        assert found.split is not None and found.whole is not None
        if given.task in ("binary", "multiclass", "multilabel", "text"):
            answers = np.array(samples.results(given)["correct"], dtype=bool)
        elif given.task == "regression" and np.ndim(given.true) == 1:
            answers = np.abs(np.asarray(given.true, dtype=float) - given.predicted)
        else:
            raise UsageError(
                "A sealed hold-out answers claims about right answers, or about the mean absolute"
                f" error of one number; {given.task} has neither.",
                hint="Evaluate it on a part that is not sealed.",
            )
        if not self.id:
            raise UsageError("A hold-out is looked at by a run; nothing is recorded here.")
        deposited = in_order_of_ids(found, answers)
        root = self._lab_root()
        same = digests(found.ids, given)
        # Two models may agree on every sample; their scores tell them apart.
        answered = given.predicted if given.scores is None else given.scores
        predictions = digest_of(found.ids, answered)
        facts = ledger.Facts(labels=same.labels, predictions=predictions)
        ledger.deposit(root, found.split, found.part, self.id, deposited, facts=facts)
        claim, answer = options.get("claim"), None
        if claim is not None:
            claimed = ledger.Claim(threshold=claim, runs=[self.id], why=options.get("why", ""))
            answer = ledger.look(root, found.split, found.part, claimed)
        told = _told(answer)
        self._record(
            events.Evaluation(
                time=now_s(),
                name=name,
                task=given.task,
                rows=len(given),
                metrics=told,
                evaluator=suites.evaluator(given.task),
                ids=same.ids,
                labels=same.labels,
                step=options.get("step"),
                look=None if answer is None else answer.number,
                dataset=found.whole.ref,
                content=found.whole.manifest.content,
                split=f"{found.split.name}/{found.part}",
            )
        )
        self._say_sealed(name, answer)
        return told

    def _say_sealed(self, name: str, answer: Look | None) -> None:
        if answer is None:
            self._voice.say(
                f"{name} is a sealed hold-out: the answers are deposited, and no number is shown."
                " Claim something with claim=, or judge several runs: peira holdout look."
            )
            return
        self._voice.say(
            f"{name} (hold-out, look {answer.number}): this model {answer.claimed}: {answer.word}"
            f" (half-width {answer.half_width:.3g})."
        )

    def tell_derived(self, parent: Dataset, derived: Dataset) -> None:
        """Record that this run made a version from another: `peira lineage` shows both."""
        known = {(used.ref, used.part) for used in self._used}
        if (parent.ref, parent.part) not in known:
            self._used.append(parent)
            self._attempt(lambda: self._record_use(parent, "used"))
        self._attempt(lambda: self._record_use(derived, "made"))

    def _record_use(self, dataset: Dataset, role: str) -> None:
        version = dataset.version
        size = dataset.objects.size(version.manifest)
        self._record(
            events.Artifact(
                time=now_s(),
                name=version.ref + (f":{dataset.part}" if dataset.part else ""),
                type="dataset",
                role="made" if role == "made" else "used",
                files=[events.File("manifest.json", version.manifest, size)],
                metadata={"content": version.content, "rows": len(dataset)},
            )
        )

    def _lab_root(self) -> Path:
        if self._session is not None:
            return self._session.root
        return find_lab(None, read_settings().lab)


def transform(function: Callable[..., Any]) -> Callable[..., Dataset]:
    """Turn a function of a data set into one that makes a version of what it returns.

    The first argument is a data set or a text that names one; `name` is the name of what is made,
    that of the parent when it is not given. What the function returns is put under version: a table
    as `Run.dataset` takes it, or the path of a folder or file. Parent, source text and parameters
    are recorded. When as many rows come out as went in, rows keep the ids of their parents, so
    splits hold for both; a function that reorders rows says `keeps_rows=False`. That they are in
    another order is noticed by equal rows or labels, and refused unless it is said.

    Raises:
        UsageError: the function returned something that is no data.

    >>> @transform                                                            # doctest: +SKIP
    ... def normalised(digits, scale=16.0):
    ...     return {"X": digits.X / scale, "y": digits.y}
    >>> normalised("digits:v1", scale=16.0)                                   # doctest: +SKIP
    <Dataset digits:v2: 1797 rows, table>
    """

    @functools.wraps(function)
    def made(
        source: str | Dataset,
        *,
        name: str | None = None,
        keeps_rows: bool | None = None,
        **params: Any,
    ) -> Dataset:
        from peira.data.dataset import Dataset
        from peira.data.transform import derive, parent_of

        root = source.root if isinstance(source, Dataset) else find_lab(None, read_settings().lab)
        parent = source if isinstance(source, Dataset) else parent_of(root, source)
        run = next(reversed(open_runs()), None)
        id = None if run is None else run.id or None
        derived = derive(parent, function, params, name=name, keeps_rows=keeps_rows, run=id)
        if run is not None:
            run.tell_derived(parent, derived)
        return derived

    return made


def _shown(samples: Any, sample_rate: int | None) -> dict[str, Any]:
    """Return samples as a table to look at; a sample rate makes sounds of them."""
    import numpy as np

    columns: dict[str, Any] = {"sample": samples}
    if sample_rate is not None:
        columns["sample_rate"] = np.full(len(samples), sample_rate)
    return columns


def _numbers(metrics: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Return metric values as numbers; the record holds NaN as an object."""
    return [
        (name, float(value["float"]) if isinstance(value, dict) else float(value))
        for name, value in metrics.items()
    ]


def _told(answer: Any) -> dict[str, Any]:
    """Return what a look shows: the word and what was known before, never the number."""
    if answer is None:
        return {}
    return {
        "word": answer.word,
        "claim": answer.claim.threshold,
        "half_width": answer.half_width,
        "look": answer.number,
    }
