"""What a person decides of a sweep that is there: pause, resume, stop, extend."""

from __future__ import annotations

from peira.capture.birth import user_name
from peira.core import ids
from peira.core.clock import now_s
from peira.core.errors import UsageError
from peira.sweeps.folder import SweepFolder
from peira.sweeps.ledger import Ledger, State
from peira.sweeps.records import Action, Control


def decide(
    folder: SweepFolder,
    action: Action,
    *,
    trials: int = 0,
    budget_s: float = 0.0,
    now: bool = False,
    text: str = "",
    again: tuple[tuple[int, int], ...] = (),
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
            ledger = Ledger(folder, definition)
            ledger.catch_up()
            size = definition.space.grid_size()
            if (ledger.trials_asked or 0) + trials > size:
                raise UsageError(
                    f"The grid of {definition.name} has {size} trials; {ledger.trials_asked} of"
                    " them are asked for.",
                    hint="Begin another sweep with a wider space.",
                )
    control = Control(
        time=now_s(), by=user_name(), action=action, trials=trials, budget_s=budget_s, now=now,
        text=text, again=again,
    )  # fmt: skip
    folder.decide(control, ids.new_writer_id())
    return control


def go_on(ledger: Ledger, *, retry_failed: bool = False) -> None:
    """Let a sweep go on after a pause, a stop or an interruption: trials that were killed get one
    more attempt, though their retries are used up; failed ones when asked.

    Args:
        ledger: caught up; it is again when this returns.
    """
    if ledger.definition.is_external:
        return
    states: tuple[State, ...] = ("killed", "failed") if retry_failed else ("killed",)
    again = tuple((n, max(ledger.trials[n].attempts) + 1) for n in ledger.spent(*states))
    if ledger.is_paused or ledger.is_stopped or again:
        decide(ledger.folder, "resume", again=again)
        ledger.catch_up()


def what_is_left(ledger: Ledger) -> str:
    """Return why nothing of a sweep is left to run, with what helps."""
    definition, counts = ledger.definition, ledger.counts()
    name = definition.name
    if definition.is_external:
        return f"nothing is left: the trials of {name} are run elsewhere"
    if ledger.is_budget_used:
        return f"its budget is used: peira sweep extend {name} --budget 30m"
    if counts["failed"] and not any(counts[state] for state in ("complete", "pruned", "reused")):
        told = "" if counts["nan"] else f": all {counts['failed']} trials failed"
        return (
            f"nothing is left{told}: peira sweep show {name} says why;"
            f" peira sweep resume {name} --retry-failed runs failed trials again"
        )
    if counts["failed"]:
        again = f"; peira sweep resume {name} --retry-failed runs {counts['failed']} failed again"
    else:
        again = ""
    if is_whole_grid(ledger):
        return f"nothing is left: each combination of the grid was run{again}"
    return f"nothing is left: peira sweep extend {name} --trials 20 adds to it{again}"


def is_whole_grid(ledger: Ledger) -> bool:
    """Whether a sweep is a grid that has no combination more."""
    definition, asked = ledger.definition, ledger.trials_asked
    if definition.sampler.name != "grid" or asked is None:
        return False
    return asked >= definition.space.grid_size()
