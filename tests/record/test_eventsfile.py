"""Events are written once, in order, whatever comes in between."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from peira.record import lines, reader
from peira.record.events import Note
from peira.record.eventsfile import EventsFile
from peira.record.losses import Losses
from peira.record.voice import Voice


class Interrupted(EventsFile):
    """A file whose writes are each followed at once by a signal."""

    def append(self, line: bytes) -> None:
        super().append(line)
        os.kill(os.getpid(), signal.SIGUSR1)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[EventsFile]:
    made = Interrupted(tmp_path / "events.jsonl", Losses(Voice(is_quiet=True)))
    left = ["from the handler"]

    def handle(*_: object) -> None:
        if left:
            made.add(Note(time=1.0, text=left.pop()))

    before = signal.signal(signal.SIGUSR1, handle)
    yield made
    signal.signal(signal.SIGUSR1, before)
    made.close()


def test_a_signal_handler_that_records(file: EventsFile) -> None:
    """A handler that records while an event is being written doubles and loses none."""
    for number in range(3):
        file.add(Note(time=1.0, text=str(number)))
    found = reader.events(next(reader.chunks(file.path)))
    texts = [event.text for _, event in found.records if isinstance(event, Note)]
    assert texts == ["0", "from the handler", "1", "2"]
    assert lines.body(file.path.read_bytes().splitlines()[0]) is not None
