"""What is known of the trials of a sweep: read from its files, and kept up with them.

A trial is the number that was asked for; it has attempts, of which the last one stands:

    free ──claim──► running ──told──► complete | pruned | nan | reused      (that is its end)
                       │       └────► failed | killed ──retries left──► free (the next attempt)
                       └─ its worker is gone, nothing was told: killed

Whoever may be killed when, each number ends once: an attempt is claimed by one worker only, and a
later attempt takes the place of an earlier one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec

from peira.core.clock import now_s
from peira.record import liveness
from peira.record.reader import Damage, Scanned, chunks
from peira.sweeps.definition import Definition
from peira.sweeps.domain import Value
from peira.sweeps.folder import SweepFolder
from peira.sweeps.records import (
    AnyTold,
    Begun,
    Claim,
    Control,
    End,
    Member,
    Report,
    Source,
    Valued,
    number,
)

State = Literal["running", "complete", "pruned", "failed", "nan", "killed", "reused"]
STATES: tuple[State, ...] = (
    "running", "complete", "pruned", "failed", "nan", "killed", "reused",
)  # fmt: skip
WITH_VALUES = frozenset({"complete", "reused"})
_told = msgspec.json.Decoder(AnyTold)
_control = msgspec.json.Decoder(Control)


@dataclass
class Attempt:
    """One attempt of a trial, as far as it is known."""

    trial: int
    attempt: int
    claim: Claim | None = None
    is_broken: bool = False
    """Whether its claim can never be read."""
    begun: Begun | None = None
    valued: Valued | None = None
    end: End | None = None
    reports: dict[int, float] = field(default_factory=dict)
    attrs: dict[str, Any] = field(default_factory=dict)
    """What sampler and pruner keep of it."""

    @property
    def params(self) -> dict[str, Value]:
        """What was drawn."""
        known = self.end or self.claim
        return {} if known is None else known.params

    @property
    def source(self) -> Source:
        """Where the params come from."""
        known = self.end or self.claim
        return "sampler" if known is None else known.source

    @property
    def run(self) -> str | None:
        """Its run, once it has one."""
        if self.end is not None and self.end.run:
            return self.end.run
        return self.begun.run if self.begun is not None else None

    @property
    def values(self) -> tuple[float, ...]:
        """The values of the objectives; empty when it has none."""
        return () if self.end is None else tuple(number(value) for value in self.end.values)

    @property
    def started(self) -> float:
        """When its params were drawn, in seconds since the epoch."""
        if self.end is not None:
            return self.end.started
        return self.claim.time if self.claim is not None else 0.0

    @property
    def ended(self) -> float | None:
        """When it ended; None while it runs, and when nobody told."""
        return None if self.end is None else self.end.time


@dataclass
class TrialEntry:
    """A trial of a sweep: its attempts by number."""

    number: int
    attempts: dict[int, Attempt] = field(default_factory=dict)

    @property
    def last(self) -> Attempt:
        """The attempt that stands."""
        return self.attempts[max(self.attempts)]

    def attempt(self, number: int) -> Attempt:
        """Return an attempt, made when it is not known yet."""
        return self.attempts.setdefault(number, Attempt(self.number, number))


class Ledger:
    """The trials of one sweep. Read-only; `catch_up` takes in what was written since.

    >>> Ledger(folder).catch_up()                                             # doctest: +SKIP
    """

    def __init__(self, folder: SweepFolder, definition: Definition | None = None) -> None:
        self.folder = folder
        self.definition = definition or folder.read()
        self.trials: dict[int, TrialEntry] = {}
        self.controls: list[Control] = []
        self.damages: list[Damage] = []
        self._offsets: dict[str, int] = {}
        self._decided: list[tuple[float, str, int, Control]] = []
        self._claims: set[str] = set()
        """Names of the claims that were read."""
        self._unended: set[int] = set()
        self._stranded: set[int] = set()
        """Trials that may be due again: those without an end, and failed or killed ones."""
        self._granted: set[tuple[int, int]] = set()
        """Attempts that a person asked for, beyond the retries."""
        self._lowest_free = 0

    def catch_up(self) -> set[int]:
        """Read what is new; return the numbers of the trials of which something is."""
        changed: set[int] = set()
        # Before what is told: an end is never older than its claim.
        listed = self.folder.claims(self._claims)
        for path in sorted(self.folder.path.glob("told.*.jsonl")):
            self._read_told(path, changed)
        for path in sorted(self.folder.path.glob("control.*.jsonl")):
            self._read_controls(path)
        for name, key in listed.items():
            if self._take_claim(*key, changed):
                self._claims.add(name)
        for trial in list(changed):  # told of since the claims were listed
            last = self.trials[trial].last
            if last.end is None and last.claim is None:
                self._take_claim(trial, last.attempt, changed)
        for trial in changed:
            self._note_unended(trial)
        return changed

    def _note_unended(self, trial: int) -> None:
        end = self.trials[trial].last.end
        for found, belongs in (
            (self._unended, end is None),
            (self._stranded, end is None or end.state in ("failed", "killed")),
        ):
            (found.add if belongs else found.discard)(trial)

    def _take_claim(self, trial: int, attempt: int, changed: set[int]) -> bool:
        """Read a claim; return False when it is another machine's and not here yet."""
        entry = self.trials.get(trial)
        known = None if entry is None else entry.attempts.get(attempt)
        if known is None or known.end is None:
            claim = self.folder.read_claim(trial, attempt)
            if claim is None and not self.folder.is_broken(trial, attempt):
                return False
            found = self._attempt(trial, attempt)
            found.claim, found.is_broken = claim, claim is None
            found.attrs.update(claim.attrs if claim else {})
        changed.add(trial)
        return True

    def _attempt(self, trial: int, attempt: int) -> Attempt:
        entry = self.trials.setdefault(trial, TrialEntry(trial))
        return entry.attempt(attempt)

    def _read_told(self, path: Path, changed: set[int]) -> None:
        for scanned in self._pieces(path):
            for index, body in enumerate(scanned.bodies):
                try:
                    told = _told.decode(body)
                except (msgspec.MsgspecError, ValueError, RecursionError):
                    self.damages.append(scanned.damage(index, "not a line of a sweep"))
                    continue
                self._take(told)
                changed.add(told.trial)

    def _take(self, told: AnyTold) -> None:
        attempt = self._attempt(told.trial, told.attempt)
        if isinstance(told, End):
            if attempt.end is None:
                attempt.end = told
                attempt.attrs.update(told.attrs)
        elif isinstance(told, Begun):
            attempt.begun = told
        elif isinstance(told, Report):
            attempt.reports.setdefault(told.step, number(told.value))
        elif isinstance(told, Valued):
            attempt.valued = told
        else:
            attempt.attrs.update(told.values)

    def _read_controls(self, path: Path) -> None:
        is_new = False
        writer = path.name.split(".")[1]
        for scanned in self._pieces(path):
            for offset, body in zip(scanned.offsets, scanned.bodies, strict=True):
                try:
                    control = _control.decode(body)
                except (msgspec.MsgspecError, ValueError, RecursionError):
                    continue
                self._decided.append((control.time, writer, offset, control))
                is_new = True
        if is_new:
            self._decided.sort(key=lambda item: item[:3])
            self.controls = [item[3] for item in self._decided]
            self._granted = {attempt for control in self.controls for attempt in control.again}

    def _pieces(self, path: Path) -> Iterable[Scanned]:
        for scanned in chunks(path, self._offsets.get(path.name, 0)):
            self._offsets[path.name] = scanned.base_offset + scanned.consumed
            self.damages += scanned.damages
            yield scanned

    # What follows from it.

    @property
    def standing(self) -> Control | None:
        """The last of pause, resume and stop."""
        for control in reversed(self.controls):
            if control.action in ("pause", "resume", "stop"):
                return control
        return None

    @property
    def is_paused(self) -> bool:
        """Whether no trial is to be begun now."""
        return self.standing is not None and self.standing.action == "pause"

    @property
    def is_stopped(self) -> bool:
        """Whether the sweep is over, as a person decided."""
        return self.standing is not None and self.standing.action == "stop"

    @property
    def trials_asked(self) -> int | None:
        """How many trials are asked for, with what was added; None: any number."""
        asked = self.definition.trials
        return None if asked is None else asked + sum(c.trials for c in self.controls)

    @property
    def budget_s(self) -> float | None:
        """The budget, with what was added."""
        budget = self.definition.budget_s
        return None if budget is None else budget + sum(c.budget_s for c in self.controls)

    def worked_s(self, now: float | None = None) -> float:
        """Return during how many seconds at least one trial has run."""
        now = now_s() if now is None else now
        spans = []
        for entry in self.trials.values():
            for attempt in entry.attempts.values():
                end = attempt.ended
                if end is None:
                    end = now if self.is_alive(attempt) else attempt.started
                spans.append((attempt.started, end))
        total, until = 0.0, 0.0
        for begin, end in sorted(spans):
            total += max(0.0, end - max(begin, until))
            until = max(until, end)
        return total

    @property
    def is_budget_used(self) -> bool:
        """Whether no time is left to begin a trial."""
        budget = self.budget_s
        return budget is not None and self.worked_s() >= budget

    def is_alive(self, attempt: Attempt) -> bool:
        """Whether a worker is at an attempt that has not ended."""
        if attempt.end is not None or attempt.is_broken:
            return False
        return attempt.claim is None or is_living(self.folder, attempt.claim)

    def state(self, trial: int) -> State:
        """Return the state of a trial that was begun."""
        last = self.trials[trial].last
        if last.end is not None:
            return last.end.state
        return "running" if self.is_alive(last) else "killed"

    def is_due_again(self, trial: int) -> bool:
        """Whether another attempt of a trial is to be made."""
        entry = self.trials[trial]
        state = self.state(trial)
        if state not in ("failed", "killed") or self.definition.is_external:
            return False
        spent = {"failed": 0, "killed": 0}
        for attempt in entry.attempts.values():
            ended = attempt.end
            if ended is not None and ended.stopped:
                continue  # on purpose: it is no fault of the trial
            spent["failed" if ended is not None and ended.state == "failed" else "killed"] += 1
        allowed = getattr(self.definition.retries, state)
        return spent[state] <= int(allowed) or (trial, max(entry.attempts) + 1) in self._granted

    def spent(self, *states: State) -> list[int]:
        """Return the trials that stay in one of the states, for their retries are used up."""
        return [
            trial
            for trial in sorted(self._stranded)
            if self.state(trial) in states and not self.is_due_again(trial)
        ]

    def running(self) -> list[int]:
        """Return the trials that run now."""
        return sorted(trial for trial in self._unended if self.state(trial) == "running")

    def next_free(self) -> tuple[int, int] | None:
        """Return the lowest number that is to be run, and its next attempt; None when there is
        none. Trials that run may still become free again.
        """
        for trial in sorted(self._stranded):
            if self.is_due_again(trial):
                return trial, max(self.trials[trial].attempts) + 1
        while self._lowest_free in self.trials:
            self._lowest_free += 1
        asked = self.trials_asked
        if asked is not None and self._lowest_free >= asked:
            return None
        return self._lowest_free, 1

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do."""
        if self.running():
            return False
        if self.is_stopped or self.definition.is_external:
            return True
        return self.next_free() is None or self.is_budget_used

    def counts(self) -> dict[State, int]:
        """Return how many trials are in each state."""
        found: dict[State, int] = dict.fromkeys(STATES, 0)
        for trial in self.trials:
            found[self.state(trial)] += 1
        return found

    def members(self) -> list[Member]:
        """Return the workers that live."""
        found = []
        for path in sorted(self.folder.workers.glob("*.json")):
            try:
                member = msgspec.json.decode(path.read_bytes(), type=Member)
            except (OSError, msgspec.MsgspecError, ValueError):
                continue
            if is_living(self.folder, member):
                found.append(member)
        return found


def is_living(folder: SweepFolder, member: Member | Claim) -> bool:
    """Whether a worker lives: by its process on this machine, by its signs of life elsewhere. One
    that has left the sweep in order has taken its file with it.
    """
    path = folder.workers / f"{member.writer}.json"
    try:
        touched = path.stat().st_mtime
    except OSError:
        return False
    if member.host == liveness.host() and member.boot == liveness.boot_id():
        return liveness.is_alive(member.pid, member.pid_started)
    if member.host == liveness.host() and _is_same_kernel(member.boot):
        pass  # another container of this machine: its pids mean nothing here
    elif member.host == liveness.host():
        return False  # before this machine was started anew
    return now_s() - touched < liveness.SILENT_AFTER_S


def _is_same_kernel(boot: str) -> bool:
    return boot.partition("/")[0] == liveness.boot_id().partition("/")[0]
