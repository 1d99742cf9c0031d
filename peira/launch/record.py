"""The run of a launched program, as its parent records it."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peira.capture.interpreters import Interpreters
from peira.capture.spool import Failed, Params, SpoolReader
from peira.core.clock import now_s
from peira.core.settings import variable
from peira.core.values import param_value
from peira.launch.flags import Flags
from peira.launch.metrics import ConsoleMetrics, MetricsFile
from peira.launch.patterns import Pattern
from peira.launch.process import Ended
from peira.launch.streams import Listener
from peira.record.ending import Ending
from peira.record.events import Alert, Artifact, Captured, EndStatus, Failure
from peira.record.folder import RunFolder
from peira.record.voice import Voice
from peira.recorder import Recorder, guarded
from peira.rerun.watch import RepeatWatch
from peira.session import Request

if TYPE_CHECKING:
    from peira.rerun.guard import Found
    from peira.rerun.likeness import Beginning

FOLLOW_PERIOD_S = 1.0
FILES_TIMEOUT_S = 60.0
"""So long the end of a run waits for the digests of what it read."""
_HOOK = Path(__file__).resolve().parent.parent / "capture" / "hook" / "site"


def hook_variables(spool: Path, path: str | None) -> dict[str, str]:
    """Return the environment that starts the hook in Python processes.

    Args:
        path: the program's `PYTHONPATH`.
    """
    joined = os.pathsep.join(filter(None, (str(_HOOK), path)))
    return {"PEIRA_SPOOL": str(spool), "PYTHONPATH": joined}


class ProgramRecord(Recorder):
    """The run of a program that this process starts. Under `PEIRA_OFF` it records nothing.

    Args:
        patterns: which metrics to find in what it prints; the default pattern when empty, none at
            all when None.
    """

    def __init__(self, patterns: Sequence[Pattern] | None, *, is_quiet: bool) -> None:
        super().__init__()
        self._patterns = patterns
        self._is_quiet = is_quiet
        self._console_metrics: ConsoleMetrics | None = None
        self._metrics_file: MetricsFile | None = None
        self._spool: SpoolReader | None = None
        self._flags = Flags(None, self._take_params)
        self._unset: dict[str, Any] = {}
        self._interpreters = Interpreters()
        self._failure: Failure | None = None

    def watch(self, script: Path | None) -> None:
        """Take the params from the processes that run `script`, where it is known which it is."""
        self._flags = Flags(script, self._take_params)

    def open(self, request: Request, params: Mapping[str, Any], tags: Sequence[str]) -> None:
        """Make the run, with what is known of it before the program has started.

        Raises:
            PeiraError, OSError: it cannot be recorded.
        """
        self._open(request)
        if self._is_quiet:
            self._voice = Voice(is_quiet=True)
        session = self._session
        if session is None:
            return
        folder = session.folder
        folder.spool.mkdir(mode=0o700)
        self._spool = SpoolReader(folder.spool)
        self._metrics_file = MetricsFile(_metrics(folder), self.log, self._tell_damage)
        if self._patterns is not None and session.console is not None:
            self._console_metrics = ConsoleMetrics(self.log, self._patterns, folder)
        session.every(FOLLOW_PERIOD_S, self._follow)
        self._attempt(lambda: session.files)  # the program's first file is to be seen, too
        self._keep_inputs(params, tags)

    def watch_repeats(
        self, request: Request, given: Mapping[str, Any], told: Found | None, *, is_meant: bool
    ) -> None:
        """Record the fingerprint of the run, and tell what it repeats.

        Args:
            given: what is set for the program besides its arguments.
            told: what a person was told already.
            is_meant: whether a repeat is one on purpose.
        """
        session = self._session
        if session is None:
            return

        def before() -> Beginning:
            from peira.rerun.beginning import beginning

            words, variables = request.command or (), request.environment or {}
            return beginning(words, request.directory, variables, given, session.root)

        watch = RepeatWatch(
            session,
            lambda: self.params,
            self._voice.say,
            given=given,
            before=before,
            told=told,
            is_meant=is_meant,
        )
        watch.start()

    def variables(self, path: str | None) -> dict[str, str]:
        """Return the environment by which the program finds its run.

        Args:
            path: the program's `PYTHONPATH`.
        """
        if self._session is None:
            return {}
        folder = self._session.folder
        return {
            variable("lab"): str(self._session.root),
            variable("run"): folder.id,
            "PEIRA_METRICS": str(_metrics(folder)),
        } | hook_variables(folder.spool, path)

    def expect(self, settings: Mapping[str, Any], constants: Mapping[str, Any]) -> None:
        """Constants of the script are to have other values; that they have is told by the script's
        own process.

        Args:
            constants: their values in the file.
        """
        if self._session is not None:
            self._unset = {name: constants[name] for name in settings}

    def plan(self, told: Mapping[str, Any]) -> None:
        """Record how it is launched, beside its command: what a re-run needs to know."""
        if told and self._session is not None:
            from peira.capture.redaction import redact_value

            value = {name: redact_value(name, param_value(fact)) for name, fact in told.items()}
            self._record(Captured(time=now_s(), aspect="launch", value=value))

    def use(self, artifact: Artifact) -> None:
        """Record what the program is given."""
        if self._session is not None:
            self._record(artifact)

    def start(self) -> None:
        """The program has started: begin all that works beside."""
        if self._session is not None:
            self._session.start()

    def discard(self) -> None:
        """The program could not be started: take the run back."""
        if self._session is not None:
            self._session.discard()

    def listener(self) -> Listener:
        """Return what takes the text of one of the program's streams."""
        takers: list[Listener] = []
        console = self._session.console if self._session is not None else None
        if console is not None:
            stream = console.stream()
            takers.append(lambda text: console.record(stream, text))
        if self._console_metrics is not None:
            takers.append(self._console_metrics.stream())

        def listen(text: str) -> None:
            for take in takers:
                take(text)

        return listen

    def end(self, ended: Ended) -> None:
        """Record how the program ended."""
        self._finish_following()
        self._finish_files()
        self._tell_unset()
        self._end(_ending(ended, self._failure))
        if self._spool is not None:
            shutil.rmtree(self._spool.folder, ignore_errors=True)

    @guarded
    def _finish_following(self) -> None:
        if self._console_metrics is not None:
            self._console_metrics.finish()
        self._follow(is_last=True)
        if self._session is not None:
            self._session.capture(self._interpreters.aspects())

    @guarded
    def _finish_files(self) -> None:
        files = None if self._session is None else self._session.files
        if files is not None:
            files.finish(FILES_TIMEOUT_S, self._tell_slow)

    def _tell_slow(self, files: int, size: int) -> None:
        self._voice.say(f"reading what the run read: {files:,} files, {size / 1e9:.1f} GB …")

    def _follow(self, *, is_last: bool = False) -> None:
        """Record what the program told since the last time."""
        if self._metrics_file is not None:
            self._metrics_file.catch_up(is_last=is_last)
        if self._spool is not None:
            for told in self._spool.catch_up():
                self._interpreters.take(told)
                self._flags.take(told)
                if isinstance(told.fact, Failed):
                    fact = told.fact
                    self._failure = Failure(fact.type, fact.message, fact.traceback)

    def _take_params(self, fact: Params) -> None:
        if fact.source == "set":  # they are recorded already
            for name in fact.values:
                self._unset.pop(name, None)
        else:
            self.params.update(_numbers(fact.values))

    @guarded
    def _tell_unset(self) -> None:
        if not self._unset:
            return
        names = ", ".join(self._unset)
        text = f"{names} could not be set: the script did not run in a Python that Peira reaches."
        self.params.update(self._unset)
        self._record(Alert(time=now_s(), title="not set", text=text, level="error"))
        self._voice.say(text)

    def _tell_damage(self, text: str) -> None:
        self._voice.say_once("metrics", text)


def _numbers(value: Any) -> Any:
    """Return values of the spool with its NaN and infinities as numbers again."""
    if isinstance(value, dict):
        if value.keys() == {"float"}:
            return float(value["float"])
        return {key: _numbers(item) for key, item in value.items()}
    return [_numbers(item) for item in value] if isinstance(value, list) else value


def _metrics(folder: RunFolder) -> Path:
    return folder.spool / "metrics"


def _ending(ended: Ended, failure: Failure | None) -> Ending:
    """What the end of a program means: one that was asked to end and did so with an error was
    killed.

    Args:
        failure: the exception that ended a Python process of the program.
    """
    died_of = signal.Signals(ended.signal).name if ended.signal is not None else ended.asked
    is_killed = ended.signal is not None or bool(ended.exit_code and ended.asked)
    status: EndStatus = "killed" if is_killed else "failed" if ended.exit_code else "finished"
    return Ending(
        status=status,
        error=failure if status == "failed" else None,
        exit_code=ended.exit_code,
        signal=died_of,
        peak_memory_bytes=ended.peak_memory_bytes,
    )
