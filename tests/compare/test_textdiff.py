"""Two texts line by line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peira.compare import textdiff
from peira.compare.comparison import Change
from peira.compare.textdiff import NO_LINE_END, Budget, change

LINES = st.lists(st.sampled_from(["", "a", "b", " b", "def f():", "x\r", "é\u2028", "-", "+a"]))
TEXTS = st.tuples(LINES, st.booleans()).map(
    lambda made: "\n".join(made[0]) + ("\n" if made[1] and made[0] else "")
)


def diff(old: str, new: str, budget: Budget | None = None) -> Change:
    return change(old.encode(), new.encode(), [1], budget or Budget(), is_python=True)


def patched(old: str, found: Change) -> str:
    """Apply hunks by hand: what a reader of the page would do."""
    before = old.split("\n")
    ends_bare = before[-1] != ""
    before = before if ends_bare else before[:-1]
    after: list[str] = []
    at = 0
    for hunk in found.hunks:
        start = hunk.old_start - (hunk.old_count > 0)
        after += before[at:start]
        assert len(after) == hunk.new_start - (hunk.new_count > 0)
        for n, line in enumerate(hunk.lines):
            if line == NO_LINE_END:
                if hunk.lines[n - 1][0] in "+ ":
                    ends_bare = True
                elif before:
                    ends_bare = False
            elif line[0] == "+":
                after.append(line[1:])
            else:
                assert before[start] == line[1:]
                start += 1
                if line[0] == " ":
                    after.append(line[1:])
        assert start == hunk.old_start - (hunk.old_count > 0) + hunk.old_count
        at = start
    after += before[at:]
    return "\n".join(after) + ("" if ends_bare or not after else "\n")


@given(TEXTS, TEXTS)
def test_hunks_turn_one_text_into_the_other(old: str, new: str) -> None:
    """Whatever the texts: the changed lines, applied at their places, give the new text."""
    found = diff(old, new)
    assert found.reason == ""
    assert patched(old, found) == new
    assert bool(found.hunks) == (old != new)
    lines = [line for hunk in found.hunks for line in hunk.lines if line != NO_LINE_END]
    assert found.added == sum(line.startswith("+") for line in lines)
    assert found.removed == sum(line.startswith("-") for line in lines)


def test_a_hunk_has_context_and_says_where_it_is() -> None:
    """Three lines around a change, and the function that it is in."""
    before = (
        "import a\n\n\nclass C:\n    def f(self):\n        x = 1\n        y = 2\n        z = 3\n"
    )
    (hunk,) = diff(before, before.replace("y = 2", "y = 3")).hunks
    assert hunk.heading == "def f(self):"
    assert hunk.lines == [
        " class C:", "     def f(self):", "         x = 1", "-        y = 2", "+        y = 3",
        "         z = 3",
    ]  # fmt: skip
    assert (hunk.old_start, hunk.old_count, hunk.new_start, hunk.line) == (4, 5, 4, 7)


def test_changes_far_from_each_other_are_two_hunks() -> None:
    """Equal lines between two changes are left out as soon as there are more than six."""
    lines = [f"line {n}\n" for n in range(20)]
    near = [*lines[:5], "new\n", *lines[5:11], "new\n", *lines[11:]]
    far = [*lines[:5], "new\n", *lines[5:12], "new\n", *lines[12:]]
    assert len(diff("".join(lines), "".join(near)).hunks) == 1
    assert len(diff("".join(lines), "".join(far)).hunks) == 2


def test_a_missing_line_end_is_told() -> None:
    """The last line of a text that has no line end is followed by the words of `diff`."""
    assert diff("a\n", "a").hunks[0].lines == ["-a", "+a", NO_LINE_END]


@pytest.mark.parametrize(
    ("old", "new", "is_cosmetic"),
    [
        ("x = 1\n", "x = 1  # one\n", True),
        ("f(a, b)\n", "f(\n    a,\n    b,\n)\n", True),
        ('def f():\n    "old"\n    return 1\n', 'def f():\n    "new"\n    return 1\n', True),
        ("x = 1\n", "x = 2\n", False),
        ("x = 1\n", "x = = 1\n", False),
    ],
)
def test_comments_and_layout_are_told_from_code(old: str, new: str, is_cosmetic: bool) -> None:
    """A change that Python does not see says so."""
    assert diff(old, new).is_cosmetic is is_cosmetic


def test_what_is_no_text_has_no_lines() -> None:
    """Binary and undecodable content, and more than 2 MiB, is told apart by digest alone."""
    for data in (b"a\0b", b"\xff\xfe"):
        assert change(b"a", data, [1], Budget()).reason == "not a text"
    assert "larger" in change(b"a", b"a" * (textdiff.FILE_BYTES_MAX + 1), [1], Budget()).reason


def test_a_file_that_is_new_or_gone_is_all_lines() -> None:
    """None is a file that is not there: every line was added, or removed."""
    assert change(None, b"a\nb\n", [1], Budget()).hunks[0].lines == ["+a", "+b"]
    gone = change(b"a\n", None, [1], Budget())
    assert (gone.added, gone.removed, gone.hunks[0].lines) == (0, 1, ["-a"])


def test_beyond_the_budget_there_are_counts_and_a_reason() -> None:
    """A comparison never grows without end; what is cut says so, and small changes still fit."""
    budget = Budget(lines=10)
    long = diff("", "x\n" * 100, budget)
    assert (long.added, long.hunks) == (100, [])
    assert "too many" in long.reason
    assert diff("a\n", "b\n", budget).hunks


def test_texts_that_would_take_too_long_are_not_compared() -> None:
    """Beyond 20,000 lines between first and last difference nothing is compared, and it says so."""
    old = "".join(f"a {n}\n" for n in range(15_000))
    new = "".join(f"b {n}\n" for n in range(15_000))
    assert "20,000 lines" in diff(old, new).reason
    ends = diff(old, old + "end\n")
    assert (ends.added, ends.removed) == (1, 0)
