"""What only the process itself knows of its surroundings: told when it ends, or before another
program takes its place. It takes 5 to 12 ms where NumPy or its like is loaded, else below 1 ms.
"""

from __future__ import annotations

from .opened import before_exec

TYPE_CHECKING = False  # as typing has it, whose import costs 5 ms
if TYPE_CHECKING:
    from .spool import Tell


def install(tell: Tell) -> None:
    """Tell the interpreter, and what computes in it, at the end."""
    import atexit

    def tell_now() -> None:
        from .interpreter import interpreter  # here: a program's start is not to pay for it
        from .numerics import numerics

        tell("captured", aspect="python", value=interpreter())
        tell("captured", aspect="numerics", value=numerics())

    atexit.register(tell_now)
    before_exec.append(tell_now)
