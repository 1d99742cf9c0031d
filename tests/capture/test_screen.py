"""The screen that turns cursor movements into lines worth keeping."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from peira.capture.screen import Screen

pieces = st.lists(
    st.sampled_from(
        ["a", "bc", "\n", "\r", "\r\n", "\x1b[A", "\x1b[2K", "\x1b[31m", "\x1b", "[", "\x08", "é"]
    ),
    max_size=40,
)


def run(*writes: str) -> str:
    screen = Screen()
    text = ""
    for write in writes:
        screen.feed(write)
        text += screen.take()
    screen.settle()
    return text + screen.take() + screen.state()


def test_plain_text_stays_as_it_is() -> None:
    """Lines without control characters go through unchanged, however they are cut."""
    assert run("one\ntw", "o\nthree") == "one\ntwo\nthree"


@settings(max_examples=300, deadline=None)
@given(pieces, st.text("ab\n", max_size=20), st.text("ab\n", max_size=20))
def test_how_plain_text_is_cut_does_not_matter(before: list[str], one: str, two: str) -> None:
    """Whole lines at once mean what they mean character by character, after whatever came."""
    assert run(*before, one + two) == run(*before, *one, *two)


def test_windows_line_ends_become_line_feeds() -> None:
    """A carriage return before a line feed rewrites nothing, also when the two come apart."""
    assert run("one\r\ntwo\r", "\nthree\n") == "one\ntwo\nthree\n"


def test_a_control_sequence_may_come_in_parts() -> None:
    """A sequence cut by the write boundary is still one sequence."""
    assert run("a\x1b", "[2", "Kb\n") == "b\n"


def test_colours_stay_and_titles_go() -> None:
    """Colour is part of the text; bells, titles and cursor styles are not."""
    assert run("\x1b]0;title\x07\x1b[31mred\x1b[0m\x1b[?25l\x07\n") == "\x1b[31mred\x1b[0m\n"


def test_a_bar_with_a_trailing_return_is_a_bar() -> None:
    """The return may come after the state instead of before it."""
    assert run(*[f"{i}%\r" for i in range(10)], "\n") == "9%\n"


@settings(max_examples=300, deadline=None)
@given(pieces)
def test_nothing_breaks_it(writes: list[str]) -> None:
    """Any sequence of writes is followed without an error, and stored text holds no cursor
    movement.
    """
    text = run(*writes, "\nend\n")
    assert "\x1b[A" not in text and "\x1b[2K" not in text
