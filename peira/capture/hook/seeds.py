"""The seeds that a program sets: in `random`, NumPy, PyTorch, TensorFlow and JAX.

The functions are wrapped when their module is imported, and do what they did. Global seeds are told
whoever sets them; those of a generator only when the program itself makes it, for a library makes
thousands (each tree of a forest has one).
"""

from __future__ import annotations

import os
import sys

from .border import harmless
from .ignored import is_ignored
from .later import after_import
from .wrapped import note_argument

TYPE_CHECKING = False  # as typing has it, whose import costs 5 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, ModuleType
    from typing import Any

    from .spool import Tell

SEEDS_MAX = 20
"""So many different seeds of one library are told by a process."""
_ITEMS_MAX = 16
_CHARACTERS_MAX = 100
# A worker that loads data is given a seed for each epoch, drawn from the one that counts.
_DERIVED = "/torch/utils/data/"


class Seeds:
    """The seeds of this process. `tell` gets `seed` facts."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._told: dict[str, list[Any]] = {}

    def begin(self) -> None:
        """Tell everything again that is set from now on."""
        self._told = {}

    def noting(self, library: str, *, is_global: bool) -> Callable[[Any, FrameType], None]:
        """Return what tells a seed, once; one that cannot be written down (a generator's state) is
        passed over.
        """

        def note(seed: Any, caller: FrameType) -> None:
            file = caller.f_code.co_filename
            if _DERIVED not in file and (is_global or _is_of_program(file)):
                self._note(library, seed)

        return note

    def _note(self, library: str, seed: Any) -> None:
        value = plain(seed)
        told = self._told.setdefault(library, [])
        if value is not None and value not in told and len(told) < SEEDS_MAX:
            told.append(value)
            self._tell("seed", library=library, value=value)

    # One action a module

    def random(self, module: ModuleType) -> None:
        """`random.seed`, and `random.Random(seed)`."""
        note_argument(module, "seed", (0, "a"), self.noting("random", is_global=True))
        note_argument(
            module.Random, "__init__", (0, "x"), self.noting("random.Random", is_global=False)
        )

    def numpy(self, module: ModuleType) -> None:
        """`numpy.random.seed`, `default_rng` and `RandomState`."""
        note_argument(module, "seed", (0, "seed"), self.noting("numpy", is_global=True))
        note_argument(
            module, "default_rng", (0, "seed"), self.noting("numpy.default_rng", is_global=False)
        )
        # Not in the module where it is from: there pickle looks for the class of its objects.
        module.RandomState = self._telling_class(  # type: ignore[attr-defined]
            module.RandomState, module.__name__
        )

    def torch(self, module: ModuleType) -> None:
        """`torch.manual_seed`"""
        note_argument(module, "manual_seed", (0, "seed"), self.noting("torch", is_global=True))
        module.random.manual_seed = module.manual_seed

    def tensorflow(self, module: ModuleType) -> None:
        """`tensorflow.random.set_seed`"""
        note_argument(
            module.random, "set_seed", (0, "seed"), self.noting("tensorflow", is_global=True)
        )

    def jax(self, module: ModuleType) -> None:
        """`jax.random.key` and `PRNGKey`"""
        for name in ("key", "PRNGKey"):
            note_argument(module, name, (0, "seed"), self.noting("jax", is_global=False))

    def _telling_class(self, original: Any, module: str) -> Any:
        """Return a class that makes objects of `original` and tells their seed. `original` is
        written in C and cannot be wrapped; where it is asked for, this one answers as it would.
        """
        from abc import ABCMeta

        note = self.noting("numpy.RandomState", is_global=False)

        class Telling(ABCMeta):  # so that a program may add an abstract base to it
            def __repr__(cls) -> str:
                return repr(original) if cls is shown else super().__repr__()

            def __call__(cls, *args: Any, **kwargs: Any) -> Any:
                if cls is not shown:  # a subclass that the program wrote
                    return super().__call__(*args, **kwargs)
                seed = args[0] if args else kwargs.get("seed")
                harmless(note, seed, sys._getframe(1))
                return original(*args, **kwargs)

            def __instancecheck__(cls, instance: Any) -> bool:
                wanted = original if cls is shown else cls
                return type.__instancecheck__(wanted, instance)

            def __subclasscheck__(cls, subclass: Any) -> bool:
                wanted = original if cls is shown else cls
                return type.__subclasscheck__(wanted, subclass)

            def __eq__(cls, other: Any) -> bool:
                return other is cls or (cls is shown and other is original)

            def __hash__(cls) -> int:
                return hash(original) if cls is shown else type.__hash__(cls)

        shown = Telling(
            original.__name__,
            (original,),
            {"__doc__": original.__doc__, "__module__": module},
        )
        return shown


def plain(seed: Any) -> Any:
    """Return a seed as a number, a text or a short list of numbers; None when it is none of these.

    >>> plain(True), plain("a"), plain((1, 2)), plain(object())
    (1, 'a', [1, 2], None)
    """
    entropy = getattr(seed, "entropy", None)  # numpy.random.SeedSequence
    if entropy is not None:
        return plain(entropy)
    if hasattr(seed, "__index__") and not getattr(seed, "shape", ()):
        return int(seed.__index__())
    if isinstance(seed, float):
        return seed
    if isinstance(seed, (str, bytes, bytearray)):
        text = seed if isinstance(seed, str) else bytes(seed).hex()
        return text[:_CHARACTERS_MAX]
    if hasattr(seed, "tolist"):
        seed = seed.tolist()
    if isinstance(seed, (list, tuple)) and 0 < len(seed) <= _ITEMS_MAX:
        items = [plain(item) for item in seed]
        return None if None in items else items
    return None


def _is_of_program(file: str) -> bool:
    """Whether the code of a file, or of no file (a notebook's cell), is the program's own."""
    if file.startswith("<"):
        return not file.startswith(("<frozen", "<__array_function__"))
    return not is_ignored(os.path.abspath(file))


def install(tell: Tell) -> Seeds:
    """Tell the seeds that this process sets, and the one of its hashes."""
    seeds = Seeds(tell)
    hashes = os.environ.get("PYTHONHASHSEED", "")
    if hashes.isdigit():
        tell("seed", library="PYTHONHASHSEED", value=int(hashes))
    after_import("random", seeds.random)
    after_import("numpy.random", seeds.numpy)
    after_import("torch", seeds.torch)
    after_import("tensorflow", seeds.tensorflow)
    after_import("jax.random", seeds.jax)
    return seeds
