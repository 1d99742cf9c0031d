"""Pre-processing that was fitted before the split: found in the text of a program, not by running
it.

A scaler, an encoder, a selection of features that was fitted on all rows has seen the test rows. In
the syntax tree this is

    X = StandardScaler().fit_transform(X)       a fit of a pre-processing step …
    train_test_split(X, y)                      … and later a split, or a cross-validation, of what
                                                was fitted on, or of what came out

A split is also `X[:n]` with `X[n:]`. With data under version it is a fit on a whole version in a
program that also uses a part of it. A fit on chosen rows (`X[:n]`, `X[train_idx]`) is none on all.
Statements are read in their order, function by function; names are followed through assignments.
What comes out of a split is not followed, so a fit on its training part is none. A pipeline is
fitted by its cross-validation, fold by fold: that is right, and is not found. Source: SCIENCE 3.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from peira.core.errors import UsageError
from peira.data.checks._base import Finding

CHECK = "fitted-before-split"
_STEP = re.compile(
    r".*(Scaler|Imputer|Encoder|Binarizer|Vectorizer|Normalizer|Transformer|Discretizer|Selector)$"
    r"|(Incremental|Kernel|Sparse)?PCA$|TruncatedSVD$|NMF$|FastICA$|FactorAnalysis$"
    r"|Select(KBest|Percentile|FromModel|F[dpw][re])$|RFE(CV)?$|VarianceThreshold$|UMAP$|SMOTE.*"
)
_HARMLESS = {
    "Binarizer", "ColumnTransformer", "FunctionTransformer", "HashingVectorizer", "LabelBinarizer",
    "LabelEncoder", "MultiLabelBinarizer", "Normalizer",
}  # fmt: skip
"""`Normalizer` and its like learn nothing of other rows, those of labels only which ones there
are. A column transformer may hold any step.
"""
_SPLITS = {
    "train_test_split", "random_split", "cross_val_score", "cross_val_predict", "cross_validate",
    "KFold", "StratifiedKFold",
}  # fmt: skip
_ROWS = re.compile(r"train|idx|index|indices|mask|fold|rows")
_FITS = {"fit", "fit_transform", "fit_resample"}


class Fit(NamedTuple):
    """A fit of a pre-processing step on the rows of some names."""

    step: str
    line: int
    names: frozenset[str]


def fitted_before_split(text: str, file: str = "") -> Iterator[Finding]:
    """Find steps that a program fits on rows which it splits afterwards.

    Raises:
        UsageError: the text is no Python.

    >>> text = "X = StandardScaler().fit_transform(X)\\na, b = train_test_split(X)"
    >>> [finding.title for finding in fitted_before_split(text, "train.py")]
    ['train.py:1 fits StandardScaler on all rows; they are split in line 2.']
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        raise UsageError(f"{file or 'The text'} cannot be read as Python: {error}.") from error
    scopes: list[ast.AST] = [tree]
    scopes += [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    for scope in scopes:
        reader = _Scope()
        for node in _in_order(scope):
            reader.read(node)
        for fit, line in reader.found:
            yield Finding(
                check=CHECK,
                action="warn",
                title=f"{file or 'line'}{':' if file else ' '}{fit.line} fits {fit.step} on all"
                f" rows; they are split in line {line}.",
                count=1,
                share=1.0,
                detail={"file": file, "line": fit.line, "step": fit.step, "split_line": line},
                limits="Only names within one function are followed. Fit on the training part, or"
                " put the step into a pipeline.",
            )


class _Scope:
    """What is known of the names of one function so far."""

    def __init__(self) -> None:
        self.found: list[tuple[Fit, int]] = []
        self._steps: dict[str, str] = {}  # variable -> class of the step that it is
        self._fits: list[Fit] = []
        self._whole: dict[str, str] = {}  # variable -> data set whose whole version it is
        self._halves: dict[tuple[str, str], str] = {}  # variable, place -> side that was sliced off

    def read(self, statement: ast.stmt) -> None:
        """Read one statement: what it splits, what it fits, what it assigns."""
        calls = [node for node in _within(statement) if isinstance(node, ast.Call)]
        for call in calls:
            self._note_split(call)
        for node in _within(statement):
            if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
                self._note_slice(node)
        fits = [fit for call in calls if (fit := self._fit_of(call)) is not None]
        targets = _targets(statement)
        value = getattr(statement, "value", None)
        read = _names(value) if isinstance(value, ast.expr) else frozenset()
        is_split = any(_called(call) in _SPLITS for call in calls)
        # What comes from fitted rows is fitted rows; a name that is given other rows is no more.
        self._fits = [self._moved(fit, targets, read, is_split) for fit in self._fits]
        self._fits += [fit._replace(names=fit.names | targets) for fit in fits]
        for name in targets:
            self._name(name, value)

    def _moved(
        self, fit: Fit, targets: frozenset[str], read: frozenset[str], is_split: bool
    ) -> Fit:
        if not targets:
            return fit
        follows = bool(fit.names & read) and not is_split
        return fit._replace(names=fit.names | targets if follows else fit.names - targets)

    def _name(self, name: str, value: ast.AST | None) -> None:
        self._steps.pop(name, None)
        self._whole.pop(name, None)
        self._halves = {half: side for half, side in self._halves.items() if half[0] != name}
        if not isinstance(value, ast.Call):
            return
        called = _called(value)
        if _is_step(called):
            self._steps[name] = called
        reference = _reference(value)
        if reference is not None and _part(reference) is None:
            self._whole[name] = reference.partition(":")[0]

    def _fit_of(self, call: ast.Call) -> Fit | None:
        if not isinstance(call.func, ast.Attribute) or call.func.attr not in _FITS or not call.args:
            return None
        owner = call.func.value
        step = self._steps.get(owner.id, "") if isinstance(owner, ast.Name) else ""
        if isinstance(owner, ast.Call) and _is_step(_called(owner)):
            step = _called(owner)
        names = frozenset() if _is_of_rows(call.args[0]) else _names(call.args[0])
        used = {self._whole[name] for name in names if name in self._whole}
        marked = frozenset(f"{name}:" for name in used)
        return Fit(step, call.lineno, names | marked) if step and names else None

    def _note_split(self, call: ast.Call) -> None:
        reference = _reference(call)
        if reference is not None and _part(reference) is not None:
            split = frozenset({f"{reference.partition(':')[0]}:"})
        elif _called(call) in _SPLITS or _is_fold(call):
            split = frozenset().union(*map(_names, call.args))
        else:
            return
        self._split(split, call.lineno)

    def _note_slice(self, node: ast.Subscript) -> None:
        """Note that rows up to a place, or from it on, are taken: both are a split."""
        half = _half(node)
        if half is None:
            return
        name, place, side = half
        if self._halves.setdefault((name, place), side) != side:
            self._split(frozenset({name}), node.lineno)

    def _split(self, split: frozenset[str], line: int) -> None:
        for fit in [fit for fit in self._fits if fit.names & split]:
            self.found.append((fit, line))
            self._fits.remove(fit)


def _in_order(scope: ast.AST) -> Iterator[ast.stmt]:
    """Yield the statements of a scope in their order, without those of functions inside."""
    for child in ast.iter_child_nodes(scope):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if isinstance(child, ast.stmt):
            yield child
        if isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
            yield from _in_order(child)


def _within(statement: ast.stmt) -> Iterator[ast.AST]:
    """Yield the expressions of a statement, without the statements inside of it."""
    todo: list[ast.AST] = [statement]
    while todo:
        node = todo.pop(0)
        yield node
        todo += [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt)]


def _names(node: ast.AST) -> frozenset[str]:
    """Return the variables that an expression reads; not those that are only called."""
    called = {id(n.func) for n in ast.walk(node) if isinstance(n, ast.Call)}
    return frozenset(
        n.id for n in ast.walk(node) if isinstance(n, ast.Name) and id(n) not in called
    )


def _rows_of(node: ast.Subscript) -> tuple[ast.expr, ast.expr]:
    """Return what rows are taken of, and which: of `X.iloc[a, b]` that is X and a."""
    base, rows = node.value, node.slice
    if isinstance(base, ast.Attribute) and base.attr in ("iloc", "loc"):
        base = base.value
    if isinstance(rows, ast.Tuple) and rows.elts:
        rows = rows.elts[0]
    return base, rows


def _half(node: ast.Subscript) -> tuple[str, str, str] | None:
    """Return the variable, the place and the side of `X[:n]` or `X[n:]`."""
    base, rows = _rows_of(node)
    if not isinstance(base, ast.Name) or not isinstance(rows, ast.Slice) or rows.step is not None:
        return None
    lower = None if _is_zero(rows.lower) else rows.lower
    upper = None if _is_length(rows.upper, base.id) else rows.upper
    if (lower is None) == (upper is None):
        return None
    end = lower or upper
    assert end is not None
    return base.id, ast.dump(end), "after" if lower else "before"


def _is_zero(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value == 0


def _is_length(node: ast.expr | None, name: str) -> bool:
    return isinstance(node, ast.Call) and _called(node) == "len" and _names(node) == {name}


def _is_of_rows(node: ast.expr) -> bool:
    """Whether some rows are chosen: by a slice, a condition, or what is called an index of them. A
    name of columns (`df[numeric]`) chooses none.
    """
    if not isinstance(node, ast.Subscript):
        return False
    base, rows = _rows_of(node)
    if isinstance(rows, ast.Slice):
        return rows.lower is not None or rows.upper is not None
    if isinstance(rows, ast.Compare | ast.UnaryOp | ast.BinOp):
        return True
    named = " ".join(_names(rows)).lower()
    return bool(_ROWS.search(named)) or _is_of_rows(base)


def _targets(statement: ast.stmt) -> frozenset[str]:
    given = statement.targets if isinstance(statement, ast.Assign) else []
    if isinstance(statement, ast.AnnAssign | ast.AugAssign):
        given = [statement.target]
    return frozenset(
        name.id for target in given for name in ast.walk(target) if isinstance(name, ast.Name)
    )


def _called(call: ast.Call) -> str:
    """Return the last name of what is called: `preprocessing.StandardScaler()` is that class."""
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _is_step(name: str) -> bool:
    return bool(_STEP.match(name)) and name not in _HARMLESS


def _is_fold(call: ast.Call) -> bool:
    """Whether it is `folds.split(X, y)`: a text's `split` takes no variable of rows."""
    return _called(call) == "split" and any(isinstance(a, ast.Name) for a in call.args)


def _reference(call: ast.Call) -> str | None:
    """Return the data that `run.use("digits:train")` names."""
    first = call.args[0] if call.args else None
    is_use = _called(call) == "use" and isinstance(first, ast.Constant)
    return first.value if is_use and isinstance(first.value, str) else None  # type: ignore[union-attr]


def _part(reference: str) -> str | None:
    """Return the part of a split that a reference names: its last word, unless it is a version."""
    rest = reference.split(":")[1:]
    last = rest[-1] if rest else ""
    is_version = not last or last == "latest" or re.fullmatch(r"v?\d+", last) is not None
    return None if is_version else last
