"""What `peira run` does when a program has run already: warn, skip, refuse, reuse, or go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from peira.core.errors import DamagedError, RepeatError, UsageError
from peira.core.settings import read_settings, variable
from peira.record.events import Origin
from peira.record.voice import Voice

if TYPE_CHECKING:
    from peira.launch.launcher import Request

POLICIES = ("warn", "skip", "refuse")
_ADVICE = "(--reuse takes that run; --why says that it is meant)"
_GO_ON = (
    "Say why it is meant (--why), repeat it with --repeat, or take the earlier one with --reuse."
)


class Repeating(msgspec.Struct, frozen=True, kw_only=True):
    """What a person said about repeats."""

    policy: str = "warn"
    is_reused: bool = False
    is_meant: bool = False

    def decide(self, request: Request) -> Request | None:
        """Return what to launch, with what was told about it; None when nothing is to be launched.

        Raises:
            RepeatError: it has run already, and the policy is to refuse.
        """
        from peira.rerun.guard import REPEATS, is_meant
        from peira.rerun.notice import headline, nearest, notice
        from peira.rerun.precheck import precheck

        request = msgspec.structs.replace(request, is_meant=self.is_meant)
        voice = Voice(is_quiet=read_settings().quiet)
        try:
            found = precheck(request)
        except (OSError, DamagedError, msgspec.MsgspecError) as error:
            voice.say(f"whether this was run before is not known: {error}")
            return request
        likeness = found.likeness
        if likeness is None:
            if found.nearest:
                voice.say(nearest(found))
            return request
        run, told = likeness.run, notice(found)
        if self.is_reused and found.is_reusable:
            voice.say(f"not run again: {headline(found)}.")
            click.echo(run.id)
            return None
        if self.is_meant or is_meant(request.why, run):
            origin = Origin(how="repeat", run=run.id) if likeness.kind in REPEATS else None
            return msgspec.structs.replace(request, origin=origin, repeats=found)
        if self.policy == "skip" and found.is_done:
            voice.say(f"skipped: {headline(found)}.")
            return None
        is_same = likeness.kind in REPEATS and run.state in ("finished", "running")
        if self.policy == "refuse" and is_same:
            raise RepeatError(told[:1].upper() + told[1:], hint=_GO_ON)
        voice.say(f"{told} {_ADVICE}" if found.is_done else told)
        return msgspec.structs.replace(request, repeats=found)


def policy(asked: str | None) -> str:
    """Return the policy: as asked for, else by the environment.

    Raises:
        UsageError: there is no such policy.
    """
    told = asked or read_settings().on_repeat or POLICIES[0]
    if told not in POLICIES:
        raise UsageError(
            f"{variable('on_repeat')}={told!r:.60} is no policy.",
            hint=f"Use one of {', '.join(POLICIES)}.",
        )
    return told
