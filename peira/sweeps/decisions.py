"""What a person decides of a sweep that is there: pause, resume, stop, extend."""

from __future__ import annotations

from peira.capture.birth import user_name
from peira.core import ids
from peira.core.clock import now_s
from peira.core.errors import UsageError
from peira.sweeps.folder import SweepFolder
from peira.sweeps.records import Action, Control


def decide(
    folder: SweepFolder,
    action: Action,
    *,
    trials: int = 0,
    budget_s: float = 0.0,
    now: bool = False,
    text: str = "",
) -> Control:
    """Record a decision; every worker heeds it before its next trial.

    Raises:
        UsageError: nothing is added by an extension, or what is added has no limit to add to.
    """
    if action == "extend":
        definition = folder.read()
        if trials <= 0 and budget_s <= 0:
            raise UsageError("Nothing is added.", hint="Give --trials 20 or --budget 30m.")
        if trials and definition.trials is None:
            raise UsageError(
                f"{definition.name} has no number of trials, but a budget.",
                hint="Add to that: --budget 30m.",
            )
        if budget_s and definition.budget_s is None:
            raise UsageError(
                f"{definition.name} has no budget, but a number of trials.",
                hint="Add to that: --trials 20.",
            )
        if trials and definition.sampler.name == "grid":
            asked = (definition.trials or 0) + trials
            if asked > definition.space.grid_size():
                raise UsageError(
                    f"The grid of {definition.name} has {definition.space.grid_size()} trials.",
                    hint="Begin another sweep with a wider space.",
                )
    control = Control(
        time=now_s(), by=user_name(), action=action, trials=trials, budget_s=budget_s, now=now,
        text=text,
    )  # fmt: skip
    folder.decide(control, ids.new_writer_id())
    return control
