"""Starts the hook of a run in this Python, then loads the `sitecustomize` that it stands before.

It takes its own folder off `sys.path`, so that the program sees the path that it would have had.
"""

import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))


def _start() -> None:
    spool = os.environ.get("PEIRA_SPOOL")
    if not spool or "peira_capture" in sys.modules:
        return
    # A bare package over Peira's folder: this interpreter need not have Peira, and if it has, its
    # import would cost more than the hook.
    package = type(sys)("peira_capture")
    package.__path__ = [os.path.dirname(os.path.dirname(_HERE))]
    sys.modules["peira_capture"] = package
    __import__("peira_capture.hook.start", fromlist=["start"]).start(spool)


def _load_next() -> None:
    sys.path[:] = [path for path in sys.path if os.path.abspath(path) != _HERE]
    this = sys.modules.pop("sitecustomize")
    try:
        import sitecustomize  # type: ignore[import-not-found]  # noqa: F401 - another file now
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
    finally:
        sys.modules.setdefault("sitecustomize", this)


try:
    _start()
except Exception:  # noqa: BLE001 - a program must not die of being observed
    pass
_load_next()
