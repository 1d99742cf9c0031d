"""Which of the factors that differ between two runs makes them differ: the search, by an oracle.

A mix takes some factors from run A and all others from run B. The oracle runs a mix and says whose
outcome it has. Nothing here starts a run.

    none      B as it was, again                     must be B's outcome, or nothing can be told
    all       every recorded factor of A             must be A's; else the cause is not among them
    blocks    one kind of factor at a time           narrows it down, when one kind suffices
    ddmin     delta debugging within what is left    a set of which no factor can be left out
    back      A with that set from B                 must be B's outcome: the change both ways

Source: SCIENCE.md 6.5; delta debugging (ddmin) is that of Zeller and Hildebrandt, Simplifying and
isolating failure-inducing input, IEEE TSE 28(2), 2002.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from itertools import pairwise
from typing import Generic, Literal, TypeVar

import msgspec

Factor = TypeVar("Factor", bound=Hashable)
Side = Literal["A", "B", "neither"]
Ending = Literal["found", "not-repeatable", "not-among-them"]

Oracle = Callable[[frozenset[Factor]], Side]
"""Whose outcome a mix has that takes these factors from A and the others from B. `neither`, too,
when it cannot run.
"""


class Found(msgspec.Struct, Generic[Factor], frozen=True, kw_only=True):
    """What a search found.

    Without a cause, `ending` says why: B's own factors do not give B's outcome again
    (`not-repeatable`), or all of A's do not give A's (`not-among-them`).
    """

    ending: Ending
    towards_a: tuple[Factor, ...] = ()
    """Taking these from A gives A's outcome; leaving out any one of them does not."""
    towards_b: tuple[Factor, ...] = ()
    """Taking these from B, all others from A, gives B's outcome; the same holds."""
    trials: int = 0
    """Mixes that were run, each one once."""

    @property
    def cause(self) -> Factor | None:
        """The one factor that turns the outcome both ways when it alone is changed, or None."""
        alone = self.towards_a if len(self.towards_a) == 1 else ()
        return alone[0] if alone and alone == self.towards_b else None

    @property
    def contributing(self) -> tuple[Factor, ...]:
        """Factors that the outcome depends on, none of which is the cause by itself."""
        if self.cause is not None:
            return ()
        return tuple(dict.fromkeys((*self.towards_a, *self.towards_b)))


def search(blocks: Sequence[Sequence[Factor]], oracle: Oracle[Factor]) -> Found[Factor]:
    """Find the factors that make A's outcome out of B's, and back.

    Args:
        blocks: factors of one kind each, the likeliest kind first; no factor stands twice.

    Source: SCIENCE.md 6.5.

    >>> found = search([["data"], ["a.py", "b.py"]], lambda mix: "A" if "b.py" in mix else "B")
    >>> found.cause, found.trials
    ('b.py', 7)
    """
    factors = [factor for block in blocks for factor in block]
    assert factors and len(set(factors)) == len(factors)
    asked = _Asked(oracle)
    everything = frozenset(factors)
    if asked(everything) != "A":
        return Found(ending="not-among-them", trials=asked.count)
    if asked(frozenset()) != "B":
        return Found(ending="not-repeatable", trials=asked.count)

    def gives_a(mix: frozenset[Factor]) -> bool:
        return asked(mix) == "A"

    def gives_b(mix: frozenset[Factor]) -> bool:
        return asked(everything - mix) == "B"

    towards_a = _narrow(blocks, gives_a)
    # The same set turns A into B in most cases; when not, others act together with it.
    likely = [towards_a, [f for f in factors if f not in set(towards_a)]]
    towards_b = _narrow([block for block in likely if block], gives_b)
    return Found(
        ending="found",
        towards_a=tuple(towards_a),
        towards_b=tuple(towards_b),
        trials=asked.count,
    )


def trials_expected(count: int) -> tuple[int, int]:
    """Return about how many trials `ddmin` takes among so many factors: for one cause, and for two
    that act only together.

    Source: the table of SCIENCE.md 6.5: halving takes 1.5 trials a level, a pair about 6.2.

    >>> [trials_expected(n) for n in (1, 4, 16, 64)]
    [(0, 0), (3, 7), (6, 20), (9, 32)]
    """
    levels = max(0, count - 1).bit_length()
    return round(1.5 * levels), max(0, round(6.2 * levels - 5.3))


def ddmin(
    factors: Sequence[Factor], is_enough: Callable[[frozenset[Factor]], bool]
) -> list[Factor]:
    """Return a part of `factors` that is enough, and of which no single factor can be left out.

    Args:
        is_enough: true for all of `factors`, which is not asked, and false for none of them.

    >>> ddmin(list(range(8)), lambda mix: {2, 5} <= mix)
    [2, 5]
    """
    left = list(factors)
    parts = 2
    while len(left) >= 2:
        pieces = _split(left, parts)
        smaller = next((piece for piece in pieces if is_enough(frozenset(piece))), None)
        if smaller is not None:
            left, parts = smaller, 2
            continue
        rests = [[f for f in left if f not in set(piece)] for piece in pieces]
        smaller = None
        if parts > 2:  # with two parts, the rest of one is the other
            smaller = next((rest for rest in rests if is_enough(frozenset(rest))), None)
        if smaller is not None:
            left, parts = smaller, max(parts - 1, 2)
        elif parts >= len(left):
            break
        else:
            parts = min(len(left), 2 * parts)
    return left


class _Asked(Generic[Factor]):
    """An oracle that is asked each question once."""

    def __init__(self, oracle: Oracle[Factor]) -> None:
        self._oracle = oracle
        self._answers: dict[frozenset[Factor], Side] = {}

    def __call__(self, mix: frozenset[Factor]) -> Side:
        if mix not in self._answers:
            self._answers[mix] = self._oracle(mix)
        return self._answers[mix]

    @property
    def count(self) -> int:
        """How many different mixes were asked about."""
        return len(self._answers)


def _narrow(
    blocks: Sequence[Sequence[Factor]], is_enough: Callable[[frozenset[Factor]], bool]
) -> list[Factor]:
    """Try each block as one, then split the first that is enough; all of them when none is."""
    if len(blocks) > 1:
        for block in blocks:
            if is_enough(frozenset(block)):
                return ddmin(block, is_enough)
    return ddmin([factor for block in blocks for factor in block], is_enough)


def _split(factors: list[Factor], parts: int) -> list[list[Factor]]:
    """Cut into parts whose sizes differ by at most one."""
    edges = [len(factors) * i // parts for i in range(parts + 1)]
    return [factors[a:b] for a, b in pairwise(edges)]
