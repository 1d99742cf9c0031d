"""Fits before the split, in the text of programs: found, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from textwrap import indent

import pytest
from click.testing import CliRunner

from peira.cli.app import app
from peira.core.errors import NotFoundError, UsageError
from peira.data.checks.code import fitted_before_split
from peira.data.checks.program import check_run
from peira.lab.lab import Lab
from peira.record import events
from tests.compare.recorded import Recorded
from tests.lab.writing import START

LEAKS = {
    "one line": "X = StandardScaler().fit_transform(X)\ntrain_test_split(X, y)",
    "a variable": "s = preprocessing.MinMaxScaler()\nX = s.fit_transform(X)\n"
    "a, b, c, d = train_test_split(X, y, test_size=0.2)",
    "fit, then transform": "s = StandardScaler()\ns.fit(X)\nZ = s.transform(X)\n"
    "train_test_split(Z)",
    "the rows themselves": "s = StandardScaler().fit(X)\n"
    "a, b = train_test_split(X)\na = s.transform(a)",
    "cross-validation": "X = SelectKBest(k=5).fit_transform(X, y)\ncross_val_score(m, X, y, cv=5)",
    "folds": "X = PCA(8).fit_transform(X)\nfor a, b in KFold(5).split(X):\n    m.fit(X[a])",
    "through names": "Z = TfidfVectorizer().fit_transform(texts)\nA = Z.toarray()\nB = A[:, :9]\n"
    "train_test_split(B)",
    "in a function": "def main(X, y):\n    if True:\n        X = SimpleImputer().fit_transform(X)\n"
    "    return train_test_split(X, y)",
    "two slices": "X = StandardScaler().fit_transform(X)\na, b = X[:800], X[800:]",
    "two slices, apart": "X = PCA(8).fit_transform(X)\na = X[:-n]\ny = y[:-n]\nb = X[-n:]",
    "slices with both ends": "s = MinMaxScaler()\nX = s.fit_transform(df.values)\n"
    "n = int(len(X) * 0.8)\na = X[0:n, :]\nb = X[n:len(X), :]",
    "rows of a frame": "df[cols] = StandardScaler().fit_transform(df[cols])\n"
    "train, test = df.iloc[:n], df.iloc[n:]",
    "data under version": 'd = run.use("digits")\ns = StandardScaler().fit(d.X)\n'
    't = run.use("digits:test")\nm.predict(s.transform(t.X))',
}
CLEAN = {
    "training part": "a, b = train_test_split(X)\ns = StandardScaler().fit(a)\nb = s.transform(b)",
    "pipeline": "m = make_pipeline(StandardScaler(), LogisticRegression())\n"
    "cross_val_score(m, X, y)",
    "within folds": "for a, b in KFold(5).split(X):\n    s = StandardScaler().fit(X[a])",
    "a slice of rows": "s = StandardScaler().fit(X[:n])\nX = s.transform(X)\na, b = X[:n], X[n:]",
    "rows by index": "s = StandardScaler().fit(X[train_idx])\nX = s.transform(X)\n"
    "train_test_split(X)",
    "rows by condition": "s = StandardScaler().fit(df.loc[df.year < 2020, cols])\n"
    "a, b = df.iloc[:n], df.iloc[n:]",
    "columns apart": "X = StandardScaler().fit_transform(X)\na, b = X[:, :5], X[:, 5:]",
    "a head": "X = StandardScaler().fit_transform(X)\nprint(X[:5])\nprint(X[5:10])",
    "no split": "X = StandardScaler().fit_transform(X)\nmodel.fit(X, y)",
    "a model": "model = LogisticRegression().fit(X, y)\ntrain_test_split(X, y)",
    "other rows": "T = StandardScaler().fit_transform(T)\na, b = train_test_split(X)",
    "a name used again": "X = StandardScaler().fit_transform(X)\nX = np.load('other.npy')\n"
    "train_test_split(X)",
    "names of labels": "y = LabelEncoder().fit_transform(df['y'])\ntrain_test_split(X, y)",
    "stateless": "X = Normalizer().fit_transform(X)\ntrain_test_split(X)",
    "text": "X = StandardScaler().fit_transform(X)\nwords = line.split(',')",
    "twice": "a, b = train_test_split(X)\ns = StandardScaler()\na = s.fit_transform(a)\n"
    "c, d = train_test_split(b)",
    "part under version": 'd = run.use("digits:train")\ns = StandardScaler().fit(d.X)\n'
    't = run.use("digits:test")',
    "another function": "def a(X):\n    return StandardScaler().fit_transform(X)\n"
    "def b(X):\n    return train_test_split(X)",
}


@pytest.mark.parametrize("name", LEAKS)
def test_a_fit_before_the_split_is_found(name: str) -> None:
    """Once, with its line."""
    (finding,) = fitted_before_split(LEAKS[name], "train.py")
    assert finding.action == "warn" and "train.py:" in finding.title
    assert finding.detail["line"] < finding.detail["split_line"]


@pytest.mark.parametrize("name", CLEAN)
def test_right_programs_are_not_accused(name: str) -> None:
    """No false alarm on any of them."""
    assert list(fitted_before_split(CLEAN[name])) == []


STEPS = (
    "StandardScaler()", "preprocessing.MinMaxScaler()", "SimpleImputer(strategy='mean')",
    "PCA(n_components=8)", "SelectKBest(k=9)", "OneHotEncoder()", "TfidfVectorizer()",
)  # fmt: skip
FITS = (
    "{x} = {step}.fit_transform({x})",
    "s = {step}\n{x} = s.fit_transform({x})",
    "s = {step}\ns.fit({x})\n{x} = s.transform({x})",
    "s = {step}.fit({x})\nz = s.transform({x})\n{x} = z",
)
SPLITS = (
    "a, b, c, d = train_test_split({x}, y, random_state=0)",
    "parts = model_selection.train_test_split({x}, y)\na, b, c, d = parts",
    "n = len({x}) // 2\na, b = {x}[:n], {x}[n:]",
    "scores = cross_val_score(model, {x}, y, cv=5)",
    "for i, j in StratifiedKFold(5).split({x}, y):\n    model.fit({x}[i], y[i])",
)
AFTER = (  # the same steps, where they belong
    "a, b, c, d = train_test_split({x}, y)\ns = {step}\na = s.fit_transform(a)\nb = s.transform(b)",
    "a, b = {x}[:n], {x}[n:]\ns = {step}.fit(a)\na, b = s.transform(a), s.transform(b)",
    "s = {step}.fit({x}[train])\n{x} = s.transform({x})\na, b = {x}[train], {x}[test]",
    "p = make_pipeline({step}, LogisticRegression())\ncross_val_score(p, {x}, y)",
    "for i, j in KFold(5).split({x}):\n    s = {step}\n    a = s.fit_transform({x}[i])\n"
    "    b = s.transform({x}[j])",
)


def test_rates_over_many_programs() -> None:
    """Seven steps fitted in four ways before five kinds of splits: all 280 programs with them are
    found, in a function or not; the 70 that fit them afterwards are not.
    """
    kinds = [(step, fit, split, x) for step in STEPS for fit in FITS for split in SPLITS
             for x in ("X", "features")]  # fmt: skip
    missed = []
    for number, (step, fit, split, x) in enumerate(kinds):
        text = f"{x} = load()\n{fit}\n{split}".format(step=step, x=x)
        text = text if number % 2 else "def main():\n" + indent(text, "    ")
        missed += [] if len(list(fitted_before_split(text))) == 1 else [text]
    assert len(kinds) == 280 and missed == []
    for step in STEPS:
        for after in AFTER:
            for x in ("X", "features"):
                text = f"{x} = load()\n{after}".format(step=step, x=x)
                assert list(fitted_before_split(text)) == [], text


def test_the_examples_of_the_project_are_clean() -> None:
    """Nor on real programs: all that the repository has."""
    root = Path(__file__).parents[2]
    programs = [p for folder in ("examples", "peira/demo", "benchmarks", "tests/evaluate")
                for p in (root / folder).rglob("*.py")]  # fmt: skip
    assert len(programs) > 20
    found = {p.name: [f.title for f in fitted_before_split(p.read_text())] for p in programs}
    assert {name: titles for name, titles in found.items() if titles} == {}


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    (tmp_path / "lab").mkdir()
    with Lab(tmp_path / "lab" / ".peira") as opened:
        yield opened


def test_the_code_of_a_run_is_checked_as_it_was(lab: Lab) -> None:
    """What the run ran and imported, under the names that these files had, whatever they hold now;
    what cannot be read is told, and no other file is blamed for it.
    """
    run = Recorded(lab.root, "leaky")
    run.files("source", "/w", train_py=LEAKS["one line"], helper_py=CLEAN["pipeline"],
              broken_py="def", notes_md="X")  # fmt: skip
    run.files("source", "/w", kept=False, gone_py="x = 1")
    found = check_run(lab, "leaky")
    assert [finding.title for finding in found.findings] == [
        "train.py:1 fits StandardScaler on all rows; they are split in line 2."
    ]
    assert found.files == ["helper.py", "train.py"]
    told = [reason.partition(":")[0] for reason in found.unread]
    assert told == ["broken.py cannot be read as Python", "gone.py"]


def test_the_cells_of_a_notebook_are_checked_in_their_order(lab: Lab) -> None:
    """A fit in one cell, the split in a later one; lines that only IPython reads do not matter."""
    run = Recorded(lab.root, "explored")
    cells = ("%matplotlib inline\n!pip list", "X = PCA(8).fit_transform(X)", "train_test_split(X)")
    for index, source in enumerate(cells):
        run.event(events.Cell(time=START, index=index, source=source, count=index))
    (finding,) = check_run(lab, "explored").findings
    assert finding.title.startswith("notebook cells:") and "fits PCA" in finding.title


def test_a_run_without_code_is_told(lab: Lab) -> None:
    """Nothing to read is no clean bill."""
    Recorded(lab.root, "bare").captured("code", script="/w/train.py")
    with pytest.raises(NotFoundError, match=r"No Python code of run bare .* its content was not"):
        check_run(lab, "bare")


def test_the_command_checks_a_run(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--code` takes the name of a run where there is no such file."""
    Recorded(lab.root, "leaky").files("source", "/w", train_py=LEAKS["folds"], odd_py="def")
    monkeypatch.chdir(lab.root.parent)
    done = CliRunner().invoke(app, ["data", "check", "--code", "leaky"])
    assert done.exit_code == 0 and "train.py:1 fits PCA on all rows" in done.output
    assert "not checked: odd.py cannot be read as Python" in done.output
    missed = CliRunner().invoke(app, ["data", "check", "--code", "nobody"])
    assert missed.exit_code == 3 and "nobody" in missed.output


def test_the_command_checks_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--code` needs no data; what is no Python is refused."""
    monkeypatch.chdir(tmp_path)
    Path("train.py").write_text(LEAKS["one line"])
    done = CliRunner().invoke(app, ["data", "check", "--code", "train.py"])
    assert done.exit_code == 0 and "train.py:1 fits StandardScaler on all rows" in done.output
    with pytest.raises(UsageError, match="cannot be read as Python"):
        list(fitted_before_split("def", "x.py"))
