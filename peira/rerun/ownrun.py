"""The run that this process records, as the repeat guard sees it: its fingerprint, and the earlier
run that it is the same as.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from peira.capture.fingerprint import Fingerprint, asked
from peira.capture.hook.memory import MEMORY
from peira.capture.program import program_of
from peira.capture.syntax import Syntax, read_syntax
from peira.core.clock import now_s
from peira.lab.earlier import EarlierRuns
from peira.lab.recorded import Recorded, complete, read_folder
from peira.record import events
from peira.rerun import guard
from peira.rerun.content import content_then
from peira.rerun.guard import Found
from peira.rerun.identify import accelerators, files, identify, python
from peira.rerun.likeness import Beginning
from peira.rerun.notice import notice
from peira.session import Session


class OwnRun:
    """See the module; `RepeatWatch` says when, and has the arguments."""

    def __init__(
        self,
        session: Session,
        say: Callable[[str], None],
        given: Mapping[str, Any],
        before: Callable[[], Beginning] | None,
        told: Found | None,
        *,
        is_meant: bool = False,
    ) -> None:
        self._session = session
        self._say = say
        self._given = given
        self._before = before
        self._is_meant = is_meant
        # Of a trial the sweep says what is run again: it is not held against all the others.
        self._is_told = told is not None or session.birth.sweep is not None
        if told is not None:
            self._record_repeat(told)
        self._syntax: dict[str, Syntax] = {}

    def look(self) -> None:
        """Record what is known of the fingerprint, and tell what the run repeats."""
        with _unseen():
            own = self._read()
            if own is None:
                return
            # All but its data, of which it may still read more. The syntax that this reads now is
            # not read at the end.
            self._record_fingerprint(msgspec.structs.replace(self._identify(own), data=""))
            now, project = self._beginning(own), own.birth.project
            self._tell(lambda earlier: guard.beside(earlier, now, project))

    def finish(self) -> None:
        """Record the whole fingerprint, and tell what the run was the same as."""
        with _unseen():
            own = self._read()
            if own is None:
                return
            own.fingerprint = self._identify(own)
            self._record_fingerprint(own.fingerprint)
            self._tell(lambda earlier: guard.confirm(earlier, own))

    def _read(self) -> Recorded | None:
        own = read_folder(self._session.folder)
        return None if own is None else complete(own, self._session.root)

    def _identify(self, own: Recorded) -> Fingerprint:
        return identify(
            own,
            self._session.environment,
            self._given,
            self._read_syntax,
            has_inputs=self._session.has("inputs"),
            has_seeds=self._session.has("seeds"),
        )

    def _read_syntax(self, digest: str) -> Syntax | None:
        if digest not in self._syntax:
            content = content_then(self._session.objects, digest)
            if content is None:
                return None
            self._syntax[digest] = read_syntax(content)
        return self._syntax[digest]

    def _record_fingerprint(self, found: Fingerprint) -> None:
        value = msgspec.to_builtins(found)
        self._session.writer.record(
            events.Captured(time=now_s(), aspect="fingerprint", value=value)
        )

    def _beginning(self, own: Recorded) -> Beginning:
        if self._before is not None:
            return msgspec.structs.replace(self._before(), params=own.params)
        program = program_of(own.birth.command, own.birth.directory)
        objects = self._session.objects
        # No file is opened here: this is the program's process, and what it has met is on record.
        met = {
            Path(root, path): file.object
            for role in ("source", "input")
            for (root, path), file in files(own, role).items()
        }
        return Beginning(
            program=program,
            arguments=asked(program, self._given),
            directory=own.birth.directory,
            environment=self._session.environment,
            params=own.params,
            packages=lambda: own.captured.get("packages", {}),
            python=lambda: python(own),
            accelerators=lambda: accelerators(own.captured.get("host", {})),
            root=self._session.root,
            digest=met.get,
            text=lambda path: content_then(objects, met.get(path) or ""),
            content=lambda digest: content_then(objects, digest),
        )

    def _tell(self, look: Callable[[EarlierRuns], Found]) -> None:
        """Record and tell the first repeat that is found."""
        if self._is_told:
            return
        birth = self._session.birth
        with EarlierRuns(self._session.root, birth.id) as earlier:
            found = look(earlier)
        if found.likeness is None:
            return
        self._is_told = True
        is_meant = self._record_repeat(found)
        if not is_meant and birth.parent is None:
            self._say(notice(found))

    def _record_repeat(self, found: Found) -> bool:
        """Record what the run repeats, and whether that is meant; return the latter."""
        assert found.likeness is not None
        birth, run = self._session.birth, found.likeness.run
        is_meant = self._is_meant or birth.origin is not None or guard.is_meant(birth.why, run)
        value = {
            "kind": found.likeness.kind,
            "run": run.id,
            "state": run.state,
            "is_meant": is_meant,
        }
        self._session.writer.record(events.Captured(time=now_s(), aspect="repeat", value=value))
        return is_meant


@contextmanager
def _unseen() -> Iterator[None]:
    """What this thread opens meanwhile is not the program's."""
    MEMORY.close_eyes()
    try:
        yield
    finally:
        MEMORY.open_eyes()
