"""Pieces of a console."""

from __future__ import annotations

from pathlib import Path

import pytest

from peira.lab.run_console import read_console

TEXT = "aé€😀\n" * 50


@pytest.mark.parametrize("limit", [4, 5, 6, 7, 11])
def test_pieces_join_to_the_whole_text(tmp_path: Path, limit: int) -> None:
    """No character is cut in two, whatever the size of the pieces."""
    path = tmp_path / "console.log"
    path.write_text(TEXT, encoding="utf-8")
    text, at = "", 0
    while (piece := read_console(path, at, limit)).text:
        text, at = text + piece.text, piece.end

    assert text == TEXT and at == piece.size == len(TEXT.encode())


@pytest.mark.parametrize("tail", range(1, 12))
def test_a_tail_begins_with_a_whole_character(tmp_path: Path, tail: int) -> None:
    """The last bytes are shown from the first whole character on."""
    path = tmp_path / "console.log"
    path.write_text(TEXT, encoding="utf-8")
    piece = read_console(path, tail=tail)

    assert TEXT.endswith(piece.text) and piece.end == len(TEXT.encode())


def test_bytes_that_are_no_text_are_shown_as_such(tmp_path: Path) -> None:
    """Reading never fails and always moves on."""
    path = tmp_path / "console.log"
    path.write_bytes(b"\xff\xfe\x80" * 10)
    text, at = "", 0
    while (piece := read_console(path, at, 4)).text:
        text, at = text + piece.text, piece.end

    assert at == 30 and set(text) == {"\ufffd"}


def test_nothing_printed_is_an_empty_console(tmp_path: Path) -> None:
    """A run without a console file has printed nothing."""
    assert read_console(tmp_path / "console.log").size == 0
