"""Runs side by side: the whole comparison, and its sections of values and metrics."""

from __future__ import annotations

import json
import math
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import peira
from peira.cli.diffpage import page
from peira.cli.difftables import Look
from peira.cli.terminal import Terminal
from peira.compare.comparison import SECTIONS, Comparison, MetricSection, Section, ValueSection
from peira.compare.diff import compare
from peira.compare.glance import glance
from peira.compare.table import tabulate
from peira.compare.values import same
from peira.core.errors import NotFoundError, UsageError
from peira.lab.lab import Lab
from peira.record import events
from tests.compare.recorded import Recorded
from tests.lab.writing import START


def pair(root: Path) -> tuple[Recorded, Recorded]:
    """Two runs that differ in a param and a package, and of which the second recorded less."""
    a, b = Recorded(root, "a"), Recorded(root, "b")
    a.params(lr=0.1, seed=1, size=[1, 2])
    b.params(lr=0.2, seed=1, size=[1, 2])
    a.captured("packages", installed={"numpy": "1.0", "pip": "1"}, imported=["numpy"])
    b.captured("packages", installed={"numpy": "2.0", "pip": "2"}, imported=["numpy"])
    a.captured("environment", variables={"OMP_NUM_THREADS": "4"})
    for run, value in ((a, 0.5), (b, 0.75)):
        run.log({"val/acc": value, "loss": 1 - value, "time/step_s": value, "rows": 3.0})
        run.end()
    return a, b


def values(found: Comparison, name: str) -> ValueSection:
    section = found.section(name)
    assert isinstance(section, ValueSection)
    return section


def metrics(found: Comparison) -> MetricSection:
    section = found.section("metrics")
    assert isinstance(section, MetricSection)
    return section


def test_every_section_is_there_in_its_order(root: Path, lab: Lab) -> None:
    """All eleven sections are told, also those in which nothing was recorded."""
    pair(root)
    assert [section.name for section in compare(lab, ["a", "b"]).sections] == list(SECTIONS)


def test_python_reads_it_by_names_from_the_lab_that_is_there(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`peira.diff("a", "b")` finds the lab as everything else does; `lab=` names another."""
    pair(root)
    monkeypatch.chdir(root.parent)
    monkeypatch.delenv("PEIRA_LAB", raising=False)
    found = peira.diff("a", "b", sections=["params"])
    assert [row.name for row in found.only_differences().section("params").rows] == ["lr"]
    monkeypatch.chdir("/")
    assert peira.diff("a", "b", lab=root).runs == peira.diff("b", "a", lab=root).runs[::-1]


def test_an_exact_repeat_has_nothing_different(root: Path, lab: Lab) -> None:
    """That it repeats the other one is no difference of the machine; how it was started is told."""
    a, b = Recorded(root, "a"), Recorded(root, "b")
    for run in (a, b):
        run.captured("host", cpu_model="x")
        run.log({"val/acc": 0.5})
        run.end()
    b.captured("repeat", kind="exact repeat", run=a.id, state="finished", is_meant=False)
    assert glance(compare(lab, ["a", "b"])).differing == []
    b.captured("launch", set={"LR": 0.5})
    told = compare(lab, ["a", "b"]).only_differences()
    assert [row.name for row in told.section("command").rows] == ["set/LR"]
    assert told.section("system").rows == []


def test_curves_of_other_lengths_differ(root: Path, lab: Lab) -> None:
    """Also where they end, and are best, at the same value."""
    a, b = Recorded(root, "a"), Recorded(root, "b")
    for run, count in ((a, 2), (b, 3)):
        for _ in range(count):
            run.log({"val/acc": 0.5})
        run.end()
    found = compare(lab, ["a", "b"])
    (row,) = metrics(found).rows
    assert row.differs and row.counts == [2, 3] and row.last.values == [0.5, 0.5]
    lines = page(found.only_differences(), Look(PIPE))
    assert any(line.split() == ["points", "2", "3"] for line in lines), lines


def test_what_was_not_recorded_is_not_equal(root: Path, lab: Lab) -> None:
    """A section that fewer than two runs recorded has neither equal nor differing rows."""
    pair(root)
    section = values(compare(lab, ["a", "b"]), "environment")
    assert section.recorded == [True, False] and not section.is_known
    assert (section.differing, section.equal, section.unknown) == (0, 0, 1)
    assert not section.rows[0].differs
    told = glance(compare(lab, ["a", "b"]))
    assert "environment (not recorded by B)" in told.unknown
    assert not any(text.startswith("environment") for text in (*told.same, *told.differing))


def test_of_three_runs_those_that_recorded_are_compared(root: Path, lab: Lab) -> None:
    """One run without a record takes nothing from the others."""
    _, b = pair(root)
    b.captured("environment", variables={"OMP_NUM_THREADS": "8"})
    Recorded(root, "c").end()
    section = values(compare(lab, ["a", "b", "c"]), "environment")
    assert section.recorded == [True, True, False]
    (row,) = section.rows
    assert row.differs and row.values == ["4", "8", None] and row.has == [True, True, False]


def test_what_no_run_imported_is_incidental(root: Path, lab: Lab) -> None:
    """A package that lies installed and was not imported is counted apart, and shown with all."""
    pair(root)
    section = values(compare(lab, ["a", "b"]), "packages")
    assert [(row.name, row.is_incidental) for row in section.rows] == [
        ("numpy", False), ("pip", True),
    ]  # fmt: skip
    assert (section.differing, section.incidental) == (1, 1)
    shown = values(compare(lab, ["a", "b"]).only_differences(), "packages")
    assert [row.name for row in shown.rows] == ["numpy"]


def test_where_a_package_came_from_is_compared(root: Path, lab: Lab) -> None:
    """The same version from two commits is a difference."""
    a, b = Recorded(root, "a"), Recorded(root, "b")
    for run, commit in ((a, "aaa"), (b, "bbb")):
        source = {"url": "https://example.org/x.git", "commit": commit}
        run.captured("packages", installed={"x": "1"}, imported=["x"], sources={"x": source})
    (row,) = values(compare(lab, ["a", "b"]), "packages").rows
    assert row.values == [
        "1 from https://example.org/x.git at aaa", "1 from https://example.org/x.git at bbb",
    ]  # fmt: skip


def test_metrics_know_their_direction_and_winner(root: Path, lab: Lab) -> None:
    """Best and last value, the delta to the first run, and the better run by goal or name."""
    pair(root)
    lab.set_goal("p", {"metric": "rows", "direction": "min"})
    section = metrics(compare(lab, ["a", "b"]))
    rows = {row.name: row for row in section.rows}
    assert section.rows[0].name == "rows"  # the goal comes first
    assert (rows["rows"].direction, rows["rows"].direction_from) == ("min", "goal")
    assert (rows["val/acc"].direction, rows["val/acc"].direction_from) == ("max", "name")
    assert rows["rows"].last.winner is None and not rows["rows"].differs  # a tie
    best = rows["val/acc"].best
    assert best is not None
    assert (best.values, best.deltas, best.winner) == ([0.5, 0.75], [None, 0.25], 1)
    assert rows["loss"].last.winner == 1 and rows["loss"].last.deltas == [None, -0.25]


def test_rounding_makes_no_run_better(root: Path, lab: Lab) -> None:
    """A difference in the last digit has no winner, no star, and is called what it is."""
    for name, value in (("a", 0.9986772486772487), ("b", 0.9986772486772486), ("c", 0.9)):
        Recorded(root, name).log({"dev/accuracy": value})
    (row,) = metrics(compare(lab, ["a", "b"])).rows
    assert row.differs and row.last.winner is None
    (row,) = metrics(compare(lab, ["a", "c"])).rows
    assert row.last.winner == 0
    text = "\n".join(
        page(compare(lab, ["a", "b"]), Look(Terminal(is_terminal=False, colour=False, width=None)))
    )
    assert "rounding" in text and "*" not in text and "-0.0%" not in text
    table = tabulate(lab, ["a", "b"])
    assert [column.best for column in table.columns if column.kind == "metric"] == [[]]
    table = tabulate(lab, ["a", "b", "c"])
    assert [column.best for column in table.columns if column.kind == "metric"] == [[0, 1]]


def test_metrics_of_the_clock_are_incidental(root: Path, lab: Lab) -> None:
    """Times differ between any two runs; as the goal of the project they count."""
    pair(root)
    by_name = {row.name: row for row in metrics(compare(lab, ["a", "b"])).rows}
    assert by_name["time/step_s"].is_incidental
    lab.set_goal("p", {"metric": "time/step_s", "direction": "min"})
    by_name = {row.name: row for row in metrics(compare(lab, ["a", "b"])).rows}
    assert not by_name["time/step_s"].is_incidental


def test_values_that_are_not_finite_lose_and_have_no_delta(root: Path, lab: Lab) -> None:
    """NaN is never the best, never subtracted, and never taken for missing."""
    a, b, c = (Recorded(root, name) for name in "abc")
    a.log({"loss": math.nan})
    b.log({"loss": 0.5})
    c.log({"other": 1.0})
    row = next(row for row in metrics(compare(lab, ["a", "b", "c"])).rows if row.name == "loss")
    assert math.isnan(row.last.values[0]) and row.last.values[1:] == [0.5, None]
    assert row.last.deltas == [None, None, None]
    assert row.last.winner == 1
    assert (row.counts, row.nonfinite) == ([1, 1, 0], [1, 0, 0])


def test_numbers_that_measure_different_things_are_not_judged(root: Path, lab: Lab) -> None:
    """Evaluated on other examples: no delta, no winner, and the reason; a note blocks nothing."""
    for name, ids, content in (("a", "1", "x"), ("b", "2", "x"), ("c", "1", "y")):
        run = Recorded(root, name)
        run.log({"test/acc": 0.5 + ord(name) / 1000, "val/acc": ord(name) / 1000})
        run.event(
            events.Evaluation(
                time=START,
                name="test",
                task="binary",
                rows=2,
                metrics={},
                evaluator="e",
                ids=ids,
                labels="l",
                content=content,
            )
        )
    found = metrics(compare(lab, ["a", "b"]))
    rows = {row.name: row for row in found.rows}
    assert "other examples" in rows["test/acc"].incomparable
    assert rows["test/acc"].last.winner is None and rows["test/acc"].last.deltas == [None, None]
    assert rows["val/acc"].last.winner == 1 and rows["val/acc"].incomparable == ""
    assert any("test/ is not comparable" in remark for remark in found.remarks)
    noted = metrics(compare(lab, ["a", "c"]))
    assert noted.rows[0].last.winner == 1
    assert noted.remarks == ["test/: the examples come from different versions of the data"]


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        (1, 1.0, True),
        (True, 1, False),
        (0, False, False),
        ("1", 1, False),
        (None, "", False),
        (math.nan, math.nan, True),
        ([1, math.nan], [1.0, math.nan], True),
        ([1], [1, 2], False),
        ({"a": 1}, {"a": True}, False),
        (2**53, 2**53 + 1, False),
    ],
)
def test_values_are_equal_as_people_mean_it(one: object, other: object, is_same: bool) -> None:
    """1 and 1.0 are the same number, true and 1 are not, NaN is NaN."""
    assert same(one, other) is is_same
    assert same(other, one) is is_same


def test_null_is_a_value_and_missing_is_not(root: Path, lab: Lab) -> None:
    """A param that is null differs from one that is not there."""
    a, b = Recorded(root, "a"), Recorded(root, "b")
    a.params(depth=None)
    b.params(other=1)
    row = next(r for r in values(compare(lab, ["a", "b"]), "params").rows if r.name == "depth")
    assert row.values == [None, None] and row.has == [True, False] and row.differs


def test_lists_of_libraries_are_told_by_name(root: Path, lab: Lab) -> None:
    """The same libraries in another order are no difference; paths and ids are incidental."""
    a, b = Recorded(root, "a"), Recorded(root, "b")
    blas, openmp = {"library": "openblas", "threads": 2}, {"library": "openmp", "threads": 4}
    scipys = {"library": "openblas", "threads": 8, "file": "libscipy_openblas-6cd.so"}
    a.captured("numerics", libraries=[blas | {"file": "lib_openblas-1.so"}, openmp, scipys])
    b.captured("numerics", libraries=[scipys, openmp, blas | {"file": "lib_openblas-2.so"}])
    rows = {row.name: row for row in values(compare(lab, ["a", "b"]), "system").rows}
    assert {name for name, row in rows.items() if row.differs} == {
        "numerics/libraries/openblas lib_openblas/file"
    }
    assert rows["numerics/libraries/openblas lib_openblas/file"].is_incidental
    assert rows["numerics/libraries/openblas libscipy_openblas/threads"].values == [8, 8]


def test_notes_of_people_are_compared(root: Path, lab: Lab) -> None:
    """Why, tags and notes stand beside each other, those of people too."""
    a, b = pair(root)
    lab.tag(a.id, "paper")
    lab.note(b.id, "odd")
    rows = {row.name: row.values for row in values(compare(lab, ["a", "b"]), "notes").rows}
    assert rows["tags"] == [["paper"], None] and rows["note"] == [None, "odd"]


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        (["a"], "Two to eight runs"),
        ([], "Two to eight runs"),
        (["a", "b", "a"], "given twice"),
        (["a"] * 9, "Two to eight runs"),
    ],
)
def test_only_two_to_eight_different_runs(
    root: Path, lab: Lab, runs: list[str], message: str
) -> None:
    """Any other number of runs, and the same run twice, is a usage error."""
    pair(root)
    with pytest.raises(UsageError, match=message):
        compare(lab, runs)


def test_unknown_names_are_told(root: Path, lab: Lab) -> None:
    """A run that is not there, and a section that does not exist."""
    pair(root)
    with pytest.raises(NotFoundError):
        compare(lab, ["a", "nobody"])
    with pytest.raises(UsageError, match="no section 'codes'"):
        compare(lab, ["a", "b"], sections=["codes"])
    with pytest.raises(KeyError):
        compare(lab, ["a", "b"], sections=["code"]).section("params")


def test_the_document_is_json(root: Path, lab: Lab) -> None:
    """`to_dict()` holds only what JSON can: NaN is a text."""
    a, _ = pair(root)
    a.log({"odd": math.nan})
    document = compare(lab, ["a", "b"]).to_dict()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    rows = document["sections"][0]["rows"]
    assert next(r for r in rows if r["name"] == "odd")["last"]["values"] == ["NaN", None]


def test_it_reads_well_in_an_interpreter(root: Path, lab: Lab) -> None:
    """The text form answers in three lines, then shows the first differences."""
    pair(root)
    text = repr(compare(lab, ["a", "b"]))
    assert "different: metrics (2), params (1), packages (1)" in text
    assert "the same: " in text and "not known: code (not recorded)" in text
    assert "  params  lr: 0.1 -> 0.2" in text
    assert "  metrics  val/acc.max: 0.5 -> 0.75" in text


def test_foreign_text_is_harmless_everywhere(root: Path, lab: Lab) -> None:
    """Names, values and code of a run are escaped in text and in HTML."""
    evil = "<script>alert(1)</script>\x1b[2J"
    a, b = Recorded(root, evil), Recorded(root, "b")
    a.files("source", "/w", train_py="x = '<img src=x>\x1b[31m'\n")
    b.files("source", "/w", train_py="x = 1\n")
    a.params(**{evil: evil})
    found = compare(lab, [a.id, b.id])
    for text in (repr(found), found._repr_html_()):
        assert "\x1b" not in text
    page = found._repr_html_()
    assert "<script" not in page and "<img" not in page
    assert "&lt;img src=x&gt;\\x1b[31m" in page


PIPE = Terminal(is_terminal=False, colour=False, width=None)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["git", "commit", "root", "diff", "diff_object", "changed", "diff_left_out", "untracked",
     "submodules", "dirty", "path", "object", "script", "module", "installed", "imported",
     "sources", "variables", "libraries", "name", "parents", "launched_from"]
)  # fmt: skip
VALUES = st.dictionaries(NAMES, JSON | st.dictionaries(NAMES, JSON) | st.lists(JSON, max_size=3))


@settings(max_examples=10, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.dictionaries(NAMES, VALUES, max_size=4), min_size=2, max_size=3))
def test_records_of_anybody_are_compared(told: list[dict[str, Any]]) -> None:
    """Whatever another program, or a newer Peira, captured: there is an answer, never an error."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / ".peira"
        for n, value in enumerate(told):
            run = Recorded(root, f"run-{n}")
            for aspect in ("code", "packages", "environment", "process", "numerics", "odd"):
                run.captured(aspect, **value)
        with Lab(root) as lab:
            found = compare(lab, [f"run-{n}" for n in range(len(told))])
            json.dumps(found.to_dict(), allow_nan=False)
            assert repr(found) and found._repr_html_() and page(found, Look(PIPE))


def test_counts_add_up(root: Path, lab: Lab) -> None:
    """Of every section: differing, equal, incidental and unknown rows are all rows."""
    pair(root)

    def total(section: Section) -> int:
        return section.differing + section.equal + section.incidental + section.unknown

    for section in compare(lab, ["a", "b"]).sections:
        assert total(section) == len(section.rows)
