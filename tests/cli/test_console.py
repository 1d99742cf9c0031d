"""A run's console on this terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from peira.cli.console import ConsoleText
from peira.cli.terminal import Terminal

PLAIN = Terminal(is_terminal=False, colour=False, width=None)
COLOURED = Terminal(is_terminal=True, colour=True, width=80)


def test_pieces_become_whole_lines() -> None:
    """A line that arrives in pieces is printed once, whole."""
    text = ConsoleText(PLAIN)
    assert text.feed("epoch 1\nepo") == ["epoch 1"]
    assert text.unfinished == "epo"
    assert text.feed("ch 2\n") == ["epoch 2"]
    assert text.end() == []


def test_a_progress_bar_shows_its_last_state() -> None:
    """What carriage returns overwrote is gone, as it was for the one who watched."""
    text = ConsoleText(PLAIN)
    assert text.feed("10%\r50%\r100%\n\rdone\r\n") == ["100%", "done"]
    assert text.feed("7%\r8%\r") == []
    assert text.end() == ["8%"]


def test_colours_stay_only_where_there_are_colours() -> None:
    """Paint is kept on a terminal and reset at the end of the line; a pipe gets none."""
    line = "\x1b[31mred\x1b[0m\n"
    assert ConsoleText(COLOURED).feed(line) == ["\x1b[31mred\x1b[0m\x1b[0m"]
    assert ConsoleText(PLAIN).feed(line) == ["red"]


def test_other_sequences_do_nothing() -> None:
    """Titles, clipboard writes, cursor moves, C1 and bidirectional marks never reach a terminal."""
    evil = "\x1b]52;c;ZXZpbA==\x07\x1b[2J\x1b[8;1H\x9b31m\u202ename\x1bP1\x1b\\\n"
    for out in (PLAIN, COLOURED):
        line = ConsoleText(out).feed(evil)[0]
        assert line == "\\x9b31m\\u202ename\\x1bP1\\x1b\\"


@given(st.text(), st.integers(0, 100))
def test_no_text_at_all_can_act(text: str, cut: int) -> None:
    """Whatever a program printed, and however it is cut, only paint and plain text come out."""
    import re

    safe = ConsoleText(COLOURED)
    lines = safe.feed(text[:cut]) + safe.feed(text[cut:]) + safe.end()
    for line in lines:
        bare = re.sub(r"\x1b\[[0-9;:]{0,40}m", "", line)
        assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", bare)
