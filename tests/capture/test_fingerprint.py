"""Fingerprints: what two runs must have in common to be the same experiment."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peira.capture import fingerprint, param_roles
from peira.capture.fingerprint import Choices, Source
from peira.capture.program import program_of, read_arguments
from peira.capture.syntax import Syntax, read_syntax

names = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True)
scalars = (
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.floats() | st.text(max_size=20)
)
params = st.dictionaries(names, scalars | st.lists(scalars, max_size=3), max_size=8)
sources = st.lists(
    st.builds(Source, names, st.text("0123456789abcdef", min_size=4), st.builds(Syntax, names)),
    max_size=6,
    unique_by=lambda source: source.name,
)

EVERYTHING = """
from peira.capture.fingerprint import Facts, Source, fingerprint
from peira.capture.program import program_of
from peira.capture.syntax import read_syntax
texts = {"a.py": b"x = 1", "b.py": b"y = 2", "c/d.py": b"import os; os.getenv('MODE')"}
found = fingerprint(Facts(
    project="digits",
    program=program_of(["python", "train.py", "--lr", "0.1", "--seed", "3", "data.csv"], "/w"),
    environment={"MODE": "fast", "HOME": "/home/me"},
    recorded={"OMP_NUM_THREADS": "2"},
    params={"lr": 0.1, "layers": [1, 2], "net/act": "relu", "seed": 3, "out_dir": "/x"},
    given={"epochs": "3"},
    seeds=[("numpy", 3), ("random", 3)],
    sources=[Source(name, name, read_syntax(texts[name])) for name in set(texts)],
    inputs=list({("/d/x.csv", "aa"), ("/d/y.csv", "bb")}),
    packages={"numpy": "2.1", "scipy": "1.14"},
    python="3.11.7",
    accelerators=list({"A100", "H100"}),
))
for name in ("entry", "call", "config", "seed", "code", "tree", "data", "env"):
    print(getattr(found, name))
"""


def choose(command: str = "", **chosen: Any) -> Choices:
    """Return choices with the arguments of a command line."""
    usual: dict[str, Any] = {"params": {}, "variables": {}}
    return Choices(arguments=read_arguments(command.split()), **usual | chosen)


def test_parts_are_the_same_on_every_machine() -> None:
    """Neither the hash seed of Python nor the machine changes a digest: here are those of another
    one.
    """
    told = {
        subprocess.run(
            [sys.executable, "-c", EVERYTHING],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("0", "77")
    }
    assert [text.split() for text in told] == [EXPECTED]


EXPECTED = [
    "8b6885df7a57baa1085a293fc3af4163",
    "95aa9d55eb78dfeccaf321d3ec1596c7",
    "9f628c461d13ea6105d3915504a53ea6",
    "ed5727e24dcc97f1596e1503b5a63957",
    "e6de90e26533ac2bc6bac11a175ae604",
    "d1b34b9e8b0f563291a8bde13475c841",
    "7edafb28a57fdd5559fb87e13aca26cc",
    "914b66cfbab8415243882603b2bffa40",
]


@given(params, st.randoms())
def test_the_order_of_params_does_not_count(chosen: dict[str, Any], random: Any) -> None:
    """Params told in another order are the same choice."""
    shuffled = list(chosen.items())
    random.shuffle(shuffled)
    one, other = choose(params=chosen), choose(params=dict(shuffled))
    assert fingerprint.config(one) == fingerprint.config(other)
    assert fingerprint.seed(one) == fingerprint.seed(other)


@given(params, names, st.lists(st.integers() | st.text(), min_size=2, max_size=2, unique_by=repr))
def test_another_value_is_another_config(
    chosen: dict[str, Any], name: str, values: list[Any]
) -> None:
    """One value changed by whatever amount changes the config, unless it is a seed or a place."""
    one, other = [fingerprint.config(choose(params=chosen | {name: value})) for value in values]
    assert (one != other) == ("value" in [param_roles.role(name, value) for value in values])


@given(sources, st.randoms())
def test_the_order_of_imports_does_not_count(files: list[Source], random: Any) -> None:
    """Files of code make the same part in whatever order they were imported."""
    shuffled = list(files)
    random.shuffle(shuffled)
    assert fingerprint.code(files) == fingerprint.code(shuffled)
    assert fingerprint.tree(files) == fingerprint.tree(shuffled)


@given(sources.filter(bool), st.data())
def test_one_changed_file_is_other_code(files: list[Source], pick: st.DataObject) -> None:
    """Another text of any one file changes the part."""
    changed = list(files)
    place = pick.draw(st.integers(0, len(files) - 1))
    changed[place] = Source(files[place].name, files[place].digest + "0", files[place].syntax)
    assert fingerprint.code(files) != fingerprint.code(changed)
    assert fingerprint.tree(files) == fingerprint.tree(changed)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (choose("--lr 0.1"), choose("--lr=1e-1")),
        (choose("--lr 0.1 --epochs 3"), choose("--epochs 3 --lr 0.1")),
        (choose("--lr 0.1", params={"lr": 0.1}), choose(params={"lr": 0.1})),
        (choose("--fast", params={"fast": True}), choose(params={"fast": True})),
        (
            choose("optimizer.lr=2", params={"optimizer/lr": 2}),
            choose(params={"optimizer/lr": 2.0}),
        ),
        (
            choose("--layers 64 32", params={"layers": [64, 32]}),
            choose(params={"layers": [64, 32]}),
        ),
        (choose("d.csv", params={"table": "d.csv"}), choose(params={"table": "d.csv"})),
        (choose("--out-dir a"), choose("--out-dir b")),
        (choose("--verbose"), choose()),
        (choose("--log-level debug"), choose("--log-level info")),
        (choose(params={"data_dir": "/a/d"}), choose(params={"data_dir": "/b/d"})),
        (choose(variables={"HOME": "/a", "API_TOKEN": "x"}), choose()),
        (choose("--seed 1"), choose("--seed 2")),
        (choose(params={"model/random_state": 1}), choose(params={"model/random_state": 2})),
        (choose(variables={"SEED": "1"}), choose(variables={"SEED": "2"})),
    ],
)
def test_the_same_choice_in_other_words(one: Choices, other: Choices) -> None:
    """Order, spelling, defaults written out, places of output, seeds: the same config."""
    assert fingerprint.config(one) == fingerprint.config(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (choose("--lr 0.1"), choose("--lr 0.2")),
        (choose("--lr 0.1", params={"lr": 0.05}), choose("--lr 0.2", params={"lr": 0.05})),
        (choose("a b"), choose("b a")),
        (choose("--verbose a.csv"), choose("--verbose b.csv")),
        (choose("--out-dir x a"), choose("--out-dir x b")),
        (choose("--a 1 --b 3 2"), choose("--a 1 2 --b 3")),
        (choose("--fold 01"), choose("--fold 1")),
        (choose("--seed 3 a.csv"), choose("--seed 3 b.csv")),
        (choose("--lr 1 a.csv", params={"lr": 1}), choose("--lr 1 b.csv", params={"lr": 1})),
        (choose(params={"x": True}), choose(params={"x": 1})),
        (choose(params={"x": "1"}), choose(params={"x": 1})),
        (choose(params={"data_path": "s3://a"}), choose(params={"data_path": "s3://b"})),
        (choose(params={"num_seeds": 1}), choose(params={"num_seeds": 2})),
        (choose(variables={"MODE": "a"}), choose(variables={"MODE": "b"})),
        (choose(variables={"MODE": "a"}), choose()),
    ],
)
def test_another_choice(one: Choices, other: Choices) -> None:
    """What may change the result changes the config."""
    assert fingerprint.config(one) != fingerprint.config(other)


def test_a_seed_may_stand_anywhere() -> None:
    """Params, arguments, variables and calls of libraries hold seeds; without any it is unknown."""
    same = [choose("--seed 3"), choose(params={"seed": 3}), choose("--seed 3", params={"seed": 3})]
    assert len({fingerprint.seed(one) for one in same}) == 1
    others = [choose("--seed 4"), choose(seeds=[("numpy", 3)]), choose(variables={"SEED": "3"})]
    assert len({fingerprint.seed(one) for one in [*same, *others]}) == 4
    assert fingerprint.seed(choose("--lr 1", params={"seed": None})) == ""


def test_seeds_set_again_and_in_any_order_are_the_same() -> None:
    """Workers that set the same seeds do not make another one."""
    one = choose(seeds=[("numpy", 1), ("torch", 1), ("numpy", 1)])
    other = choose(seeds=[("torch", 1), ("numpy", 1)])
    assert fingerprint.seed(one) == fingerprint.seed(other)


def test_data_is_content() -> None:
    """Another place is the same data; another byte, a file more or an unknown content is not."""
    data = fingerprint.data([("/a/x.csv", "1"), ("/a/y.csv", "2")])
    assert data == fingerprint.data([("/b/y.csv", "2"), ("/b/x.csv", "1")])
    assert data != fingerprint.data([("/a/x.csv", "2"), ("/a/y.csv", "1")])
    assert data != fingerprint.data([("/a/x.csv", "1")])
    assert fingerprint.data([("/a/x.csv", "1"), ("/a/y.csv", None)]) == ""
    assert fingerprint.data([]) != ""


def test_the_environment_is_what_computes() -> None:
    """Versions, Python's minor, accelerators and thread counts count; tools and patch level do
    not.
    """
    env = fingerprint.env({"numpy": "2.1", "peira": "0.1"}, "3.11.7", [], {"HOME": "/a"})
    assert env == fingerprint.env({"numpy": "2.1"}, "3.11.9", [], {"TF_CPP_MIN_LOG_LEVEL": "3"})
    assert env == fingerprint.env({"numpy": "2.1"}, "3.11.7", [], {"KMP_INIT_AT_FORK": "FALSE"})
    assert env != fingerprint.env({"numpy": "2.2"}, "3.11.7", [], {})
    assert env != fingerprint.env({"numpy": "2.1"}, "3.12.1", [], {})
    assert env != fingerprint.env({"numpy": "2.1"}, "3.11.7", ["A100"], {})
    assert env != fingerprint.env({"numpy": "2.1"}, "3.11.7", [], {"OMP_NUM_THREADS": "1"})


def test_a_call_holds_its_seed_and_not_its_output() -> None:
    """The same call is the same again: with its seed, wherever it writes."""

    def call(command: str) -> str:
        return fingerprint.call(read_arguments(command.split()))

    assert call("--seed 1 --out a") == call("--out b --seed=1")
    assert call("--seed 1") != call("--seed 2")


@pytest.mark.parametrize(
    ("one", "is_fixed"),
    [
        (choose(seeds=[("numpy", 42)]), True),
        (choose("--seed 1234567", seeds=[("numpy", 1234567), ("torch", 1234569)]), True),
        (choose(params={"seed": 7}, seeds=[("numpy", [7, 42])]), True),
        (choose(seeds=[("numpy", 1760000123)]), False),
        (choose(params={"seed": 7}, seeds=[("numpy", 7), ("torch", 1760000123)]), False),
        (choose(seeds=[("PYTHONHASHSEED", 99)]), True),
    ],
)
def test_a_seed_of_the_time_is_told_from_one_that_will_be_the_same(
    one: Choices, is_fixed: bool
) -> None:
    """A seed in the code or among what was chosen comes again; one from elsewhere may not."""
    code = Source("t.py", "0", read_syntax(b"SEED = 42"))
    assert fingerprint.is_seed_fixed(one, [code]) == is_fixed


def test_a_number_given_as_a_seed_in_the_code_is_a_recorded_seed() -> None:
    """`random_state=0` in scikit-learn sets nothing that could be seen; its text is recorded."""
    assert fingerprint.seed(choose()) == ""
    assert read_syntax(b"Forest(random_state=0)").has_seed
    assert fingerprint.seed(choose(has_seed_in_code=True)) != ""
    assert fingerprint.seed(choose(seeds=[("PYTHONHASHSEED", 0)])) == ""


def test_a_whole_fingerprint_says_what_is_not_known() -> None:
    """Parts that nobody looked at are empty; a console has none."""
    known = fingerprint.Facts(
        project="p", program=program_of(["python", "t.py", "--lr", "1"], "/w"), environment={}
    )
    found = fingerprint.fingerprint(known)
    assert found.entry and found.call and found.config and found.options == ("lr",)
    assert not (found.code or found.tree or found.data or found.env or found.seed)
    console = fingerprint.Facts(project="p", program=program_of(["python"], "/w"), environment={})
    assert fingerprint.fingerprint(console) == fingerprint.Fingerprint()
