"""Text tables."""

from __future__ import annotations

from peira.cli.table import Cell, Column, display_width, layout, pairs, shorten
from peira.cli.terminal import Terminal

PIPE = Terminal(is_terminal=False, colour=False, width=None)
NARROW = Terminal(is_terminal=True, colour=False, width=30)
COLOURED = Terminal(is_terminal=True, colour=True, width=80)
COLUMNS = [Column("id"), Column("name", shrinks=True), Column("loss", right=True)]


def test_numbers_stand_right_and_texts_left() -> None:
    """Cells of a column line up; no line ends in spaces."""
    lines = layout(COLUMNS, [["k3", "cnn", "0.5"], ["k4", "forest", "12"]], PIPE).lines
    assert lines == ["id  name    loss", "k3  cnn      0.5", "k4  forest    12"]


def test_nothing_is_cut_in_a_pipe() -> None:
    """A pipe has no width, so every text and every column is whole."""
    wide = layout(COLUMNS, [["k3", "n" * 500, "0.5"]], PIPE)
    assert "n" * 500 in wide.lines[1]
    assert wide.left_out == 0


def test_a_narrow_terminal_shortens_names_first() -> None:
    """Names give way before columns do, and show that they were cut."""
    narrow = layout(COLUMNS, [["k3", "n" * 50, "0.5"]], NARROW)
    assert narrow.left_out == 0
    assert "…" in narrow.lines[1]
    assert max(map(display_width, narrow.lines)) <= 30


def test_columns_that_do_not_fit_are_counted() -> None:
    """What is left out is told; the first column always stays."""
    many = [Column("id"), *(Column(f"metric/{i}", right=True) for i in range(9))]
    narrow = layout(many, [["k3", *["0.5"] * 9]], NARROW)
    assert narrow.left_out == 7
    assert max(map(display_width, narrow.lines)) <= 30
    assert layout([Column("x" * 99)], [["y"]], NARROW).lines[1] == "y"


def test_colours_do_not_move_columns() -> None:
    """Paint has no width."""
    lines = layout(COLUMNS, [[Cell("k3", "green"), "cnn", "0.5"]], COLOURED).lines
    assert lines[1] == "\x1b[32mk3\x1b[0m  cnn    0.5"


def test_control_characters_never_act() -> None:
    """A name that holds escapes, line feeds or bidirectional marks is one line of plain text."""
    evil = "a\x1b[2J\nb\u202ec\x9bd\r"
    lines = layout([Column(evil)], [[evil]], COLOURED).lines
    assert len(lines) == 2
    assert "\\x1b[2J\\nb\\u202ec\\x9bd\\r" in lines[1]
    assert "\x1b[2J" not in "".join(lines)
    assert "\n" not in "".join(pairs([(evil, evil)], PIPE))


def test_wide_characters_take_two_columns() -> None:
    """East Asian characters and combining marks are measured as a terminal shows them."""
    assert display_width("模型") == 4
    assert display_width("e\u0301") == 1
    lines = layout([Column("n"), Column("v")], [["模型", "1"], ["abcd", "2"]], PIPE).lines
    assert lines[1:] == ["模型  1", "abcd  2"]


def test_shortening_keeps_to_the_width() -> None:
    """The mark of the cut counts, and half a wide character is left out."""
    assert shorten("abcdef", 4) == "abc…"
    assert shorten("模型模型", 4) == "模…"
    assert shorten("abc", 3) == "abc"
