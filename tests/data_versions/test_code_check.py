"""Fits before the split, in the text of programs: found, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from peira.cli.app import app
from peira.core.errors import UsageError
from peira.data.checks.code import fitted_before_split

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
    "data under version": 'd = run.use("digits")\ns = StandardScaler().fit(d.X)\n'
    't = run.use("digits:test")\nm.predict(s.transform(t.X))',
}
CLEAN = {
    "training part": "a, b = train_test_split(X)\ns = StandardScaler().fit(a)\nb = s.transform(b)",
    "pipeline": "m = make_pipeline(StandardScaler(), LogisticRegression())\n"
    "cross_val_score(m, X, y)",
    "within folds": "for a, b in KFold(5).split(X):\n    s = StandardScaler().fit(X[a])",
    "no split": "X = StandardScaler().fit_transform(X)\nmodel.fit(X, y)",
    "a model": "model = LogisticRegression().fit(X, y)\ntrain_test_split(X, y)",
    "other rows": "T = StandardScaler().fit_transform(T)\na, b = train_test_split(X)",
    "a name used again": "X = StandardScaler().fit_transform(X)\nX = np.load('other.npy')\n"
    "train_test_split(X)",
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


def test_the_examples_of_the_project_are_clean() -> None:
    """Nor on real programs: all that the repository has."""
    root = Path(__file__).parents[2]
    programs = [p for folder in ("examples", "peira/demo", "benchmarks", "tests/evaluate")
                for p in (root / folder).rglob("*.py")]  # fmt: skip
    assert len(programs) > 20
    found = {p.name: [f.title for f in fitted_before_split(p.read_text())] for p in programs}
    assert {name: titles for name, titles in found.items() if titles} == {}


def test_the_command_checks_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--code` needs no data; what is no Python is refused."""
    monkeypatch.chdir(tmp_path)
    Path("train.py").write_text(LEAKS["one line"])
    done = CliRunner().invoke(app, ["data", "check", "--code", "train.py"])
    assert done.exit_code == 0 and "train.py:1 fits StandardScaler on all rows" in done.output
    with pytest.raises(UsageError, match="cannot be read as Python"):
        list(fitted_before_split("def", "x.py"))
