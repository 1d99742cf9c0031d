"""The config that Hydra composes for the program."""

from __future__ import annotations

from functools import wraps

from .border import harmless

TYPE_CHECKING = False  # as typing has it, whose import costs 5 ms
if TYPE_CHECKING:
    from typing import Any

    from .flags import Report


def install(module: Any, report: Report) -> None:
    """Tell the config when Hydra calls the program's function with it; of several jobs, each."""
    run_job = module.run_job

    @wraps(run_job)
    def run_and_tell(*args: Any, **options: Any) -> Any:
        def telling(task: Any) -> Any:
            @wraps(task)
            def tell_and_run(config: Any) -> Any:
                harmless(_tell, config, report)
                return task(config)

            return tell_and_run

        # The function, which is the only one among the arguments, has changed its place once.
        args = tuple(telling(arg) if _is_task(arg) else arg for arg in args)
        options = {k: telling(v) if _is_task(v) else v for k, v in options.items()}
        return run_job(*args, **options)

    module.run_job = run_and_tell


def _is_task(value: Any) -> bool:
    return callable(value) and hasattr(value, "__code__")


def _tell(config: Any, report: Report) -> None:
    report("hydra", container(config))


def container(config: Any) -> Any:
    """Return an OmegaConf config as plain values, resolved where that can be."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        return OmegaConf.to_container(config, resolve=True, throw_on_missing=False)
    except OmegaConfBaseException:
        return OmegaConf.to_container(config, resolve=False)
