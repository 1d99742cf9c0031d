r"""What a terminal would show, as text to append: progress bars become their last state.

A program draws a bar by `\r` and the line again (tqdm), or by moving the cursor up over several
lines (rich, nested tqdm). A file that kept all of that would hold thousands of states of one line.
`Screen` follows the cursor and hands out, in order, only text worth keeping: finished lines, and
when asked the present state of a line that is still being rewritten, introduced by `\r` so that
`cat` of the file shows what the terminal showed.

    feed ──► open line ──"\n"──► take()                     an ordinary line
                 │
                 ├── state()  ──► "\r" + line               a bar, as it stands
                 └── cursor up ─► held block ──► settle()   several bars, once they rest
"""

from __future__ import annotations

import re

# One token: a control sequence (CSI), an operating system command (OSC), another escape, a control
# character.
_TOKEN = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|"
    r"\x1b[^\[\]\x1b]|\r\n|[\r\n\x08\x07\x00\x1b]"
)
_CONTROL = re.compile(r"[\r\x08\x07\x00\x1b]")
# A control sequence that may go on in the next write.
_UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*\x1b?)?\Z")
_UNFINISHED_CHARACTERS_MAX = 4_096
_HELD_LINES_MAX = 200
_LINE_CHARACTERS_MAX = 65_536


class Screen:
    """Follows one stream of text. Not safe for threads: its owner holds a lock."""

    def __init__(self) -> None:
        self._lines = [""]  # the open line; more than one while a redrawn block is held
        self._row = 0  # the line the cursor is in
        self._is_at_start = (
            False  # the cursor stands at the start of a line: the next text replaces it
        )
        self._marks = ""  # colours set while the cursor stands at the start
        self._has_moved_up = False
        self._rest = ""  # what may be half of a control sequence
        self._finished: list[str] = []
        self._sent = ""  # what of the open line has been handed out by state()

    @property
    def is_held(self) -> bool:
        """Whether a block of lines that is redrawn waits for `settle()`."""
        return len(self._lines) > 1

    @property
    def is_open(self) -> bool:
        """Whether the last thing handed out was a line without its end."""
        return bool(self._sent)

    def feed(self, text: str) -> None:
        """Follow `text` as it was written to the stream."""
        if self._rest:
            text, self._rest = self._rest + text, ""
        if "\x1b" in text:
            unfinished = _UNFINISHED.search(text)
            if unfinished and len(unfinished.group()) < _UNFINISHED_CHARACTERS_MAX:
                text, self._rest = text[: unfinished.start()], unfinished.group()
        if text.endswith("\r"):  # perhaps the first half of \r\n: decide at the next write
            text, self._rest = text[:-1], "\r" + self._rest
        if self._is_plain() and not _CONTROL.search(text):
            self._feed_plain(text)
            return
        position = 0
        for token in _TOKEN.finditer(text):
            if token.start() > position:
                self._put(text[position : token.start()])
            self._control(token.group())
            position = token.end()
        if position < len(text):
            self._put(text[position:])

    def _is_plain(self) -> bool:
        """Whether the cursor stands at the end of the open line, and nothing is held."""
        return not (self.is_held or self._is_at_start or self._has_moved_up or self._marks)

    def _feed_plain(self, text: str) -> None:
        """Follow text without controls: as whole lines, which is ten times as fast."""
        head, feed, tail = text.rpartition("\n")
        if feed:
            first, feed, rest = head.partition("\n")
            self._put(first)
            self._feed_line()
            if feed:
                self._finished.append(rest + "\n")
        if tail:
            self._put(tail)

    def take(self) -> str:
        """Return the finished lines since the last call, each with its line feed; "" when there are
        none.
        """
        if not self._finished:
            return ""
        text = "".join(self._finished)
        self._finished.clear()
        return text

    def state(self) -> str:
        r"""Return what to append so that the file shows the open line as it stands; "" when it does
        already.
        """
        line = self._lines[self._row]
        if self.is_held or line == self._sent:
            return ""
        text = line[len(self._sent) :] if line.startswith(self._sent) else "\r" + line
        self._sent = line
        return text

    def settle(self) -> None:
        """Let `take()` hand out the held block; the cursor goes on below it."""
        if not self.is_held:
            return
        # A cursor in the last line goes on writing there; anywhere else the block is left as it is.
        open_line = self._lines.pop() if self._row == len(self._lines) - 1 else ""
        self._keep(self._lines)
        self._lines, self._row = [open_line], 0
        self._has_moved_up = False

    def interrupt(self) -> None:
        """Tell that another stream's line came after this one's open line: what was sent stays
        behind.
        """
        if self._sent and self._lines[self._row].startswith(self._sent):
            self._lines[self._row] = self._lines[self._row][len(self._sent) :]
        self._sent = ""

    def _put(self, text: str) -> None:
        if self._has_moved_up:
            self._leave_lines_above()
        line = self._lines[self._row]
        if self._is_at_start:
            line, self._is_at_start = "", False
        line, self._marks = line + self._marks + text, ""
        if len(line) > _LINE_CHARACTERS_MAX and not self.is_held:
            self._finish(line, end="")  # no line feed for long: hand it out in parts
            line = ""
        self._lines[self._row] = line

    def _control(self, token: str) -> None:
        if token in ("\n", "\r\n"):
            self._feed_line()
        elif token == "\r":
            self._is_at_start = True
        elif token == "\x08":
            self._lines[self._row] = self._lines[self._row][:-1]
        elif token.startswith("\x1b["):
            self._follow(token[2:-1], token[-1])
        # Bells, window titles and other escapes leave nothing to read.

    def _follow(self, arguments: str, final: str) -> None:
        """Act on a control sequence; colours are kept, other styling of the terminal is not."""
        count = min(int(arguments), _HELD_LINES_MAX) if arguments.isdecimal() else 1
        if final == "m":
            if self._is_at_start:
                self._marks += f"\x1b[{arguments}m"
            else:
                self._lines[self._row] += f"\x1b[{arguments}m"
        elif final == "A":
            self._move_up(count)
        elif final == "B":
            self._row = min(self._row + count, len(self._lines) - 1)
        elif final == "K" and (self._is_at_start or arguments in ("1", "2")):
            self._lines[self._row] = ""
        elif final == "G" and arguments in ("", "0", "1"):
            self._is_at_start = True

    def _feed_line(self) -> None:
        if self._has_moved_up:
            self._leave_lines_above()
        self._is_at_start = False
        if self._row < len(self._lines) - 1:
            self._row += 1
        elif self.is_held:
            self._lines.append("")
            self._row += 1
            if len(self._lines) > _HELD_LINES_MAX:
                self._keep([self._lines.pop(0)])
                self._row -= 1
        else:
            self._finish(self._lines[0] + self._marks, end="\n")
            self._lines[0] = self._marks = ""

    def _finish(self, line: str, *, end: str) -> None:
        text = line[len(self._sent) :] if line.startswith(self._sent) else "\r" + line
        self._finished.append(text + end)
        self._sent = ""

    def _keep(self, lines: list[str]) -> None:
        """Hand out lines of a held block. Blank ones were cleared, or never drawn since the block
        is held.
        """
        self._finished.extend(line + "\n" for line in lines if line.strip())

    def _move_up(self, count: int) -> None:
        if self._sent:  # what was shown of the open line stays as a line of the file
            self._finished.append("\n")
            self._sent = ""
        missing = count - self._row
        if missing > 0:
            # Those lines are in the file as they were first drawn; from now on their new state is
            # held.
            self._lines[:0] = [""] * missing
            self._row += missing
            del self._lines[: -_HELD_LINES_MAX - 1]
            self._row = min(self._row, len(self._lines) - 1)
        self._row = max(0, self._row - count)
        self._is_at_start = False
        self._has_moved_up = True

    def _leave_lines_above(self) -> None:
        """A redraw begins in this row: what stands above it is no part of the block any more."""
        self._has_moved_up = False
        self._keep(self._lines[: self._row])
        del self._lines[: self._row]
        self._row = 0
