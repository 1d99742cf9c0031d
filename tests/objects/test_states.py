"""States as files: plain ones come back the same, others are written and never loaded."""

from __future__ import annotations

import json
import math
import pickle
import random
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression

from peira.core.errors import DamagedError, UnsupportedError, UsageError
from peira.objects import states
from peira.objects.checkpoint import take_out
from peira.objects.folder import FolderObjects
from peira.record import events


@pytest.fixture
def objects(tmp_path: Path) -> FolderObjects:
    return FolderObjects(tmp_path / "objects")


def again(objects: FolderObjects, state: Any, folder: Path) -> Any:
    """Store a state and load it."""
    stored = states.put(objects, state)
    assert stored.format == "plain"
    files = [events.File(*member) for member in stored.files]
    event = events.Checkpoint(time=0.0, step=0, files=files, format=stored.format)
    folder.mkdir()
    return states.load(take_out(objects, "0" * 12, event, folder))


def same(one: Any, two: Any) -> bool:
    """Whether two values are the same, in type and to the bit."""
    if isinstance(one, np.ndarray | np.generic):
        return (
            type(one) is type(two)
            and one.dtype == two.dtype
            and one.shape == two.shape
            and np.asfortranarray(one).tobytes() == np.asfortranarray(two).tobytes()
        )
    if isinstance(one, dict):
        return list(one) == list(two) and all(same(one[k], two[k]) for k in one)
    if isinstance(one, list | tuple):
        return type(one) is type(two) and len(one) == len(two) and all(map(same, one, two))
    if isinstance(one, float) and math.isnan(one):
        return isinstance(two, float) and math.isnan(two)
    return type(one) is type(two) and bool(one == two)


ARRAYS = {
    "float32": np.arange(6, dtype=np.float32).reshape(2, 3),
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "strided": np.arange(20)[::3],
    "transposed": np.arange(24).reshape(2, 3, 4).transpose(1, 0, 2),
    "none": np.empty((0, 3)),
    "scalar array": np.array(3.5),
    "bool": np.array([True, False]),
    "text": np.array(["é", "bc"]),
    "big-endian": np.arange(3, dtype=">i2"),
    "dates": np.array(["2026-01-01"], dtype="datetime64[D]"),
    "records": np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
    "nan": np.array([np.nan, -0.0, np.inf]),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_come_back(objects: FolderObjects, tmp_path: Path, name: str) -> None:
    """Every layout and dtype without objects, to the bit; the file is a plain NPY file."""
    array = ARRAYS[name]
    assert same(again(objects, {"a": array}, tmp_path / "out"), {"a": array})
    large = np.concatenate([array.reshape(-1)] * 5_000) if array.ndim else array
    found = again(objects, {"a": large}, tmp_path / "large")
    assert same(found, {"a": large})
    path = tmp_path / "large" / "state" / "0.npy"
    assert path.exists() == (large.nbytes > states.INLINE_BYTES_MAX)
    assert not path.exists() or same(np.load(path), large)


def test_everything_plain_comes_back(objects: FolderObjects, tmp_path: Path) -> None:
    """Nested containers, keys of any plain kind, numbers of any size, generators' states."""
    generator = np.random.default_rng(1)
    generator.normal()
    state = {
        "none": None, "flags": [True, False], "int": 2**200, "float": [0.1, -0.0, math.inf],
        "nan": math.nan, "text": "é\u202e\0", "bytes": b"\x00\xff", "complex": 1 + 2j,
        "tuple": (1, ("a", None)), "keys": {1: "int", (2, 3): "tuple", None: 0}, "$array": "x",
        "python": random.Random(1).getstate(), "numpy": np.random.RandomState(1).get_state(),
        "generator": generator.bit_generator.state, "empty": {}, "$": {"$tuple": [1]},
        "scalars": [np.float32(0.1), np.int64(7), np.bool_(True), np.float64(np.nan)],
    }  # fmt: skip
    found = again(objects, state, tmp_path / "out")
    assert same(found, state)
    random.Random().setstate(found["python"])
    other = np.random.default_rng()
    other.bit_generator.state = found["generator"]
    assert other.normal() == generator.normal()


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.complex_numbers(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
    ),
    max_leaves=12,
)


@settings(max_examples=50, deadline=None)
@given(state=st.dictionaries(st.text(max_size=4), plain, max_size=4))
def test_any_plain_state_comes_back(
    state: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever is nested in whatever."""
    folder = tmp_path_factory.mktemp("any")
    assert same(again(FolderObjects(folder / "objects"), state, folder / "out"), state)


def test_an_array_that_did_not_change_is_stored_once(objects: FolderObjects) -> None:
    """Two checkpoints share the objects of what is the same in both."""
    frozen = np.arange(10_000.0)
    one = states.put(objects, {"frozen": frozen, "head": np.zeros(3)})
    two = states.put(objects, {"frozen": frozen.copy(), "head": np.ones(3)})
    assert {m.digest for m in one.files} & {m.digest for m in two.files}
    assert len(list(objects.iterate())) == 3  # two of state.json, frozen


class Stateful:
    """Knows its state, as optimisers do."""

    def state_dict(self) -> OrderedDict[str, Any]:
        return OrderedDict(step=3, weights=np.ones(2))


class Odd:
    """Has no plain form."""


def test_objects_with_a_state_give_it(objects: FolderObjects, tmp_path: Path) -> None:
    """An object with state_dict() is stored as what that returns."""
    assert same(again(objects, Stateful(), tmp_path / "out"), {"step": 3, "weights": np.ones(2)})


@pytest.mark.parametrize(
    ("state", "form", "name"),
    [
        ({"a": Odd()}, "pickle", "state.pkl"),
        ({"a": np.array([Odd()], dtype=object)}, "pickle", "state.pkl"),
        ({"a": np.ma.masked_array([1.0], [True])}, "pickle", "state.pkl"),
        (LinearRegression(), "joblib", "state.joblib"),
    ],
)
def test_what_is_not_plain_is_a_file_of_its_library(
    objects: FolderObjects, state: Any, form: str, name: str
) -> None:
    """A dict with an object in it, an array of objects, an estimator."""
    stored = states.put(objects, state)
    assert (stored.format, [member.path for member in stored.files]) == (form, [name])


def test_a_state_that_holds_itself_is_pickled(objects: FolderObjects) -> None:
    """A pickle can hold a circle; JSON cannot."""
    state: dict[str, Any] = {}
    state["self"] = state
    stored = states.put(objects, state)
    assert stored.format == "pickle"
    assert pickle.loads(objects.read(stored.files[0].digest))["self"]


def test_files_and_folders(objects: FolderObjects, tmp_path: Path) -> None:
    """A path is stored as its files; one that is not there is an error."""
    (tmp_path / "ckpt" / "part").mkdir(parents=True)
    (tmp_path / "ckpt" / "part" / "a.bin").write_bytes(b"a")
    stored = states.put(objects, tmp_path / "ckpt")
    assert stored.format == "files"
    assert [member.path for member in stored.files] == ["part/a.bin"]
    with pytest.raises(UsageError, match="There is no file"):
        states.put(objects, str(tmp_path / "absent"))


@pytest.mark.parametrize(
    "text",
    [
        b"", b"[]", b'{"format": 1}', b'{"format": "1", "state": 1}', b"\xff",
        b'{"format": 1, "state": {"$unknown": 1}}',
        b'{"format": 1, "state": {"$array": "../../secret.npy"}}',
        b'{"format": 1, "state": {"$array": "7.npy"}}',
        b'{"format": 1, "state": {"$scalar": ["O", "AAAA"]}}',
        b'{"format": 1, "state": {"$float": "x"}}',
        b'{"format": 1, "state": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)  # fmt: skip
def test_a_strange_state_is_damage(tmp_path: Path, text: bytes) -> None:
    """Whatever a file says, nothing is run and nothing outside of the folder is read."""
    (tmp_path / "state.json").write_bytes(text)
    with pytest.raises(DamagedError):
        states.load(tmp_path)


def test_a_pickle_in_an_array_is_refused(tmp_path: Path) -> None:
    """An NPY file with pickled objects is not loaded (F02)."""
    (tmp_path / "state.json").write_text('{"format": 1, "state": {"$array": "0.npy"}}')
    np.save(tmp_path / "0.npy", np.array([Odd()], dtype=object), allow_pickle=True)
    with pytest.raises(DamagedError, match="cannot be read"):
        states.load(tmp_path)


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    """It says what to do."""
    (tmp_path / "state.json").write_text(json.dumps({"format": 2, "state": 1}))
    with pytest.raises(UnsupportedError, match="Upgrade"):
        states.load(tmp_path)


def test_format_1_is_read() -> None:
    """The stored sample is read as it was written (P21)."""
    found = states.load(Path(__file__).parents[1] / "data" / "formats" / "checkpoint-1")
    layers = {0: np.arange(3, dtype="<f4"), 1: np.asfortranarray(np.eye(2))}
    assert same(
        found,
        {
            "step": 40, "lr": 0.1, "nan": math.nan, "big": 2**70, "done": False, "none": None,
            "name": "é", "raw": b"\x00\xff", "pair": (1, [2.5]), "complex": 1 - 2j,
            "by layer": layers, "scalar": np.float32(0.1), "large": np.arange(5_000, dtype="<f4"),
        },
    )  # fmt: skip


def test_no_numpy_is_loaded_for_a_path() -> None:
    """Storing plain values needs no library that the program has not loaded."""
    import subprocess

    program = (
        "import sys, tempfile; from peira.objects import states;"
        "from peira.objects.folder import FolderObjects;"
        "states.put(FolderObjects(tempfile.mkdtemp()), {'a': 1}); print('numpy' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "False\n"


def test_tensors_are_written_by_their_library(objects: FolderObjects, tmp_path: Path) -> None:
    """A module, an optimiser, and a dict that holds their states; all loaded without a pickle of
    objects (PyTorch's own safe loading).
    """
    torch = pytest.importorskip("torch")
    net = torch.nn.Linear(3, 1)
    optimiser = torch.optim.Adam(net.parameters())
    both = {"net": net.state_dict(), "optimiser": optimiser.state_dict(), "epoch": 3}
    for state in (net, optimiser, both):
        stored = states.put(objects, state)
        assert (stored.format, [m.path for m in stored.files]) == ("torch", ["state.pt"])
    objects.copy(stored.files[0].digest, tmp_path / "state.pt")
    found = torch.load(tmp_path / "state.pt", weights_only=True)
    assert found["epoch"] == 3 and torch.equal(found["net"]["weight"], net.weight)
