"""What OmegaConf reads from the command line: `lr=0.1 model.depth=18`."""

from __future__ import annotations

from functools import wraps

from .border import harmless
from .flags import is_own
from .flags_hydra import container

TYPE_CHECKING = False  # as typing has it, whose import costs 5 ms
if TYPE_CHECKING:
    from typing import Any

    from .flags import Report


def install(module: Any, report: Report) -> None:
    """Tell what `OmegaConf.from_cli` returns: what was given, without the defaults of a file."""
    from_cli = module.OmegaConf.from_cli

    @wraps(from_cli)
    def read_and_tell(args_list: Any = None) -> Any:
        config = from_cli(args_list)
        if is_own(args_list):
            harmless(lambda: report("omegaconf", container(config)))
        return config

    module.OmegaConf.from_cli = staticmethod(read_and_tell)
