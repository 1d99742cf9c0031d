"""The search space: its text, its mapping, its order, its grid."""

from __future__ import annotations

from typing import Any

import msgspec
import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peira import space as python
from peira.core.errors import QueryError, UsageError
from peira.sweeps.domain import Choice, Constant, Float, Int, domain_of, read_value, same, spell
from peira.sweeps.notation import is_param_word, read_domain, read_word
from peira.sweeps.space import Space


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("log(1e-4,1e-1)", Float(low=1e-4, high=1e-1, log=True)),
        ("log(1e-4, 1e-1, count=4)", Float(low=1e-4, high=1e-1, log=True, count=4)),
        ("float(0,1)", Float(low=0.0, high=1.0)),
        ("float(0,1,0.1)", Float(low=0.0, high=1.0, step=0.1)),
        ("float(0.1,1,log)", Float(low=0.1, high=1.0, log=True)),
        ("0..1", Float(low=0.0, high=1.0)),
        ("-1.5..1e3", Float(low=-1.5, high=1000.0)),
        ("int(16,256,log)", Int(low=16, high=256, log=True)),
        ("int(1,9,2)", Int(low=1, high=9, step=2)),
        ("int(1,9,step=2)", Int(low=1, high=9, step=2)),
        ("3,5,7", Choice(values=(3, 5, 7))),
        ("sgd,adam", Choice(values=("sgd", "adam"))),
        ("choice(sgd,null,true)", Choice(values=("sgd", None, True))),
        ("'a,b',\"c\"", Choice(values=("a,b", "c"))),
        ("[64,64],[128]", Choice(values=("[64,64]", "[128]"))),
        ("adam,", Choice(values=("adam",))),
        ("1", Constant(value=1)),
        ("sgd", Constant(value="sgd")),
        ("''", Constant(value="")),
        ("data/v1.csv", Constant(value="data/v1.csv")),
    ],
)
def test_a_text_says_a_domain_and_a_domain_its_text(text: str, domain: Any) -> None:
    """Reading gives the record, and its own text reads to the same record."""
    assert read_domain("x", text) == domain
    assert read_domain("x", domain.text) == domain


@pytest.mark.parametrize(
    ("word", "part"),
    [
        ("lr", "no param of a search"),
        ("lr=", "no values"),
        ("lr=log(0,1)", "cannot begin at 0"),
        ("lr=log(1,0.1)", "Swap the two ends"),
        ("lr=log(1e-4,1e-1,0.1)", "no step"),
        ("depth=int(1,inf)", "a range is finite; inf"),
        ("depth=int(nan,3)", "a range is finite; nan"),
        ("lr=float(0,1,count=inf)", "a range is finite; inf"),
        ("lr=float(0,1,2)", "does not fit"),
        ("lr=loguniform(1e-4,1e-1)", r"Did you mean lr=log\(1e-4,1e-1\)"),
        ("lr=flaot(0,1)", r"Did you mean lr=float\(0,1\)"),
        ("lr=float(0)", "two ends"),
        ("lr=float(a,b)", "is no number"),
        ("lr=float(0,1", "not paired"),
        ("lr=float(0,inf)", "finite"),
        ("x=float(1,1)", r"For one value write x=1.0"),
        ("x=float(0,1,2)", "does not fit"),
        ("x=float(0,1,0.1,count=3)", "not both"),
        ("x=float(0,1,depth=3)", "does not know"),
        ("x=int(0.5,3)", "whole numbers"),
        ("x=int(1,9,count=1)", "at least 2"),
        ("x=a,b,a", "stands twice"),
        ("x=a,,b", "missing between two commas"),
        ("x=float(0,1) if ", "ends where its condition"),
    ],
)
def test_a_word_that_cannot_be_read_is_explained(word: str, part: str) -> None:
    """The error names the param and shows what to write."""
    with pytest.raises(UsageError, match=part):
        read_word(word)


def test_words_of_a_program_are_told_from_params() -> None:
    """Only `name=…` is a param of the search."""
    assert is_param_word("lr=log(1,2)") and is_param_word("opt/lr=1")
    assert not is_param_word("train.py") and not is_param_word("--lr=3")


def test_text_file_and_python_say_the_same_space() -> None:
    """Words, the mapping of a file, the constructors and Optuna's distributions are one space."""
    words = Space.parse(
        ["lr=log(1e-4,1e-1)", "k=3,5", "opt=sgd,adam", "m=float(0,1) if opt == sgd", "seed=1"],
        ["k * lr < 0.4"],
    )
    table = {
        "lr": "log(1e-4, 1e-1)",
        "k": [3, 5],
        "opt": {"choice": ["sgd", "adam"]},
        "m": {"float": [0, 1], "if": "opt == sgd"},
        "seed": 1,
    }
    code = {
        "lr": optuna.distributions.FloatDistribution(1e-4, 1e-1, log=True),
        "k": python.choice(3, 5),
        "opt": ["sgd", "adam"],
        "m": python.float(0, 1, when="opt == sgd"),
        "seed": python.constant(1),
    }
    assert Space.of(table, "k * lr < 0.4") == words == Space.of(code, ["k * lr < 0.4"])
    assert Space.parse(words.words(), words.where) == words
    assert msgspec.json.decode(msgspec.json.encode(words), type=Space) == words


def test_files_that_say_too_much_are_explained() -> None:
    """Unknown keys, two kinds, names that are none."""
    for wrong, part in (
        ({"x": {"float": [0, 1], "int": [1, 2]}}, "one of float"),
        ({"x": {"float": [0, 1], "size": 3}}, "does not know size"),
        ({"x": {"float": 3}}, "two ends"),
        ({"x": {"choice": "abc"}}, "a list"),
        ({"x": {"float": [0, 1], "log": "yes"}}, "true or false"),
        ({"x": [[1], [2]]}, "no value of a sweep"),
        ({"1x": 3}, "no name"),
        ({}, "no param"),
    ):
        with pytest.raises(UsageError, match=part):
            Space.of(wrong)


def test_conditions_decide_the_order_of_drawing() -> None:
    """What waits for another param is asked after it; a param whose condition fails never."""
    space = Space.parse(
        ["c=1,2 if b == 1", "b=1,2 if a == x", "a=x,y", "mode=fast", "d=1,2 if mode == fast"]
    )
    assert list(space.distributions({})) == ["a", "d"]
    assert list(space.distributions({"a": "x", "d": 1})) == ["b"]
    assert list(space.distributions({"a": "x", "d": 1, "b": 1})) == ["c"]
    assert space.distributions({"a": "y", "d": 1}) == {}
    assert space.complete({"a": "y", "d": 1}) == {"a": "y", "mode": "fast", "d": 1}


def test_conditions_that_cannot_be_are_refused() -> None:
    """A circle, a name or a value that does not exist, a param twice."""
    with pytest.raises(UsageError, match="circle"):
        Space.parse(["a=1,2 if b == 1", "b=1,2 if a == 1"])
    with pytest.raises(QueryError, match="never sdg"):
        Space.parse(["opt=sgd,adam", "m=1,2 if opt == sdg"])
    with pytest.raises(QueryError, match="no param `widht`"):
        Space.parse(["width=1,2"], ["widht > 1"])
    with pytest.raises(UsageError, match="twice"):
        Space.parse(["a=1,2", "a=3,4"])


def test_optuna_draws_whole_trials() -> None:
    """`suggest` gives each param of the trial, in written order, within its domain."""
    space = Space.parse(
        ["m=float(0,1) if opt == sgd", "opt=sgd,adam", "x=float(0,1,0.3)", "n=int(1,10,4)", "s=7"]
    )
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    seen = []
    for _ in range(30):
        params = space.suggest(study.ask())
        space.check(params)
        assert ("m" in params) == (params["opt"] == "sgd") and params["s"] == 7
        seen.append((params["x"], params["n"]))
    assert {x for x, _ in seen} == {0.0, 0.3, 0.6, 0.9} and {n for _, n in seen} == {1, 5, 9}


def test_trials_that_somebody_gave_are_checked() -> None:
    """Outside its range, unknown, incomplete, against a condition or a constraint."""
    space = Space.parse(["n=int(1,9)", "opt=sgd,adam", "m=1,2 if opt == sgd"], ["n * m < 10"])
    space.check({"n": 4, "opt": "sgd", "m": 2})
    for wrong, part in (
        ({"n": 10, "opt": "adam"}, "not in int"),
        ({"n": 1, "opt": "adam", "q": 1}, "no param of this search"),
        ({"n": 1}, "says no value of opt"),
        ({"n": 1, "opt": "adam", "m": 1}, "only if opt == sgd"),
        ({"n": 9, "opt": "sgd", "m": 2}, "breaks the constraint"),
    ):
        with pytest.raises(UsageError, match=part):
            space.check(wrong)
    assert space.allows({"n": 9, "opt": "adam"})  # m is not in the trial: nothing is forbidden


def test_the_digits_of_a_step_do_not_decide_whether_it_fits() -> None:
    """0.3 - 0.1 is a little less than 0.2 in binary; the range has both its ends all the same."""
    assert Space.parse(["x=float(0.1,0.3,0.2)"]).params[0].domain.grid("x") == (0.1, 0.3)
    assert Space.parse(["x=float(0.9,1,0.1)"]).params[0].domain.grid("x") == (0.9, 1.0)


def test_what_is_no_finite_number_lies_in_no_range() -> None:
    """An infinite value, or none, is outside, and no error of Python."""
    for value in (float("inf"), float("nan"), True, "3", None):
        assert not Int(low=1, high=9).holds(value)
    assert Int(low=1, high=9).holds(3.0)


def test_a_grid_is_the_product_in_order() -> None:
    """The last param changes fastest, every combination stands once."""
    space = Space.parse(["a=1,2", "x=float(0,0.3,0.1)", "b=int(1,100,log,count=3)", "c=9"])
    assert space.grid_size() == 24
    trials = [space.grid(i) for i in range(24)]
    assert trials[0] == {"a": 1, "x": 0.0, "b": 1, "c": 9}
    assert [t["b"] for t in trials[:4]] == [1, 10, 100, 1]
    assert sorted({t["x"] for t in trials}) == [0.0, 0.1, 0.2, 0.3]  # type: ignore[type-var]
    assert len({tuple(t.items()) for t in trials}) == 24
    with pytest.raises(UsageError, match="no number 24"):
        space.grid(24)


def test_a_grid_keeps_to_conditions_and_constraints() -> None:
    """No combination twice because of a param that is not in it, none that is forbidden."""
    space = Space.parse(
        ["opt=sgd,adam", "m=0.5,0.9 if opt == sgd", "n=1,2,3", "free=a,b"], ["n * m <= 1.5"]
    )
    trials = [space.grid(i) for i in range(space.grid_size())]
    allowed = [t for t in trials if t["opt"] == "sgd"]
    assert {(t["m"], t["n"]) for t in allowed} == {(0.5, 1), (0.5, 2), (0.5, 3), (0.9, 1)}
    assert len(trials) == (4 + 3) * 2 == len({tuple(t.items()) for t in trials})


def test_a_grid_wants_points() -> None:
    """A range without steps tells how to give it points."""
    with pytest.raises(UsageError, match=r"lr=log\(0\.0001,0\.1,count=5\)"):
        Space.parse(["lr=log(1e-4,1e-1)"]).grid_size()
    with pytest.raises(UsageError, match="No point of the grid"):
        Space.parse(["a=1,2"], ["a > 3"]).grid_size()


def test_a_large_grid_is_not_listed() -> None:
    """Params without conditions multiply; any number is found at once."""
    space = Space.parse([f"p{i}=int(1,100)" for i in range(10)])
    assert space.grid_size() == 100**10
    assert space.grid(100**10 - 1) == {f"p{i}": 100 for i in range(10)}


values = st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.text(max_size=8)
values = values | st.floats(allow_nan=False, allow_infinity=False)


@given(values)
def test_a_value_is_spelled_so_that_it_reads_back(value: Any) -> None:
    """Whatever the text of a value, reading it gives the value and its type."""
    read = read_value(spell(value))
    assert same(read, value) and type(read) is type(value)


@given(st.lists(values, min_size=1, max_size=5, unique_by=spell))
def test_a_choice_is_written_so_that_it_reads_back(listed: list[Any]) -> None:
    """Commas, quotes and brackets in values are no obstacle, nor is Optuna in between."""
    choice = Choice(values=tuple(listed))
    assert read_domain("x", choice.text) == choice
    assert domain_of(choice.distribution()) == choice
