"""When the repeat guard looks beside a run.

A program's params come when it sets them, and what it imports and opens when it does: so the look
comes when its params have been still for a moment, and a last one at its end. What is done then is
in `ownrun.py`, which is loaded beside training, not in the program's way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from peira.session import Session

if TYPE_CHECKING:
    from peira.rerun.guard import Found
    from peira.rerun.likeness import Beginning
    from peira.rerun.ownrun import OwnRun

PERIOD_S = 0.3
LOOKS_MAX = 5


class RepeatWatch:
    """Watches one run that this process records.

    Args:
        params: returns the params that are known now.
        say: tells a person one line.
        given: what was set for a launched program, besides its arguments.
        before: returns the program as it was launched; None for this process itself.
        told: what a person was told before it began.
        is_meant: whether a repeat is one on purpose.
    """

    def __init__(
        self,
        session: Session,
        params: Callable[[], Mapping[str, Any]],
        say: Callable[[str], None],
        *,
        given: Mapping[str, Any] | None = None,
        before: Callable[[], Beginning] | None = None,
        told: Found | None = None,
        is_meant: bool = False,
    ) -> None:
        self._session = session
        self._params = params
        self._say = say
        self._given = given or {}
        self._before = before
        self._told = told
        self._is_meant = is_meant
        self._last: dict[str, Any] | None = None
        self._looked: dict[str, Any] | None = None
        self._looks = 0
        self._own_run: OwnRun | None = None

    def start(self) -> None:
        """Begin, unless it is left out; to be called before the session starts."""
        if self._session.has("fingerprint"):
            self._session.every(PERIOD_S, self.look)
            self._session.before_end(self.finish)

    def look(self) -> None:
        """Look for what the run repeats, once its params are still."""
        own = self._own()
        params = dict(self._params())
        is_still, self._last = params == self._last, params
        is_due = is_still and params != self._looked and self._looks < LOOKS_MAX
        if is_due and self._session.is_captured:
            self._looked = params
            self._looks += 1
            own.look()

    def finish(self) -> None:
        """Record the fingerprint, now that all is known, and tell what the run has repeated."""
        self._own().finish()

    def _own(self) -> OwnRun:
        if self._own_run is None:
            from peira.rerun.ownrun import OwnRun

            self._own_run = OwnRun(
                self._session,
                self._say,
                self._given,
                self._before,
                self._told,
                is_meant=self._is_meant,
            )
        return self._own_run
