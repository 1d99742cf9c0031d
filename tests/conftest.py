"""For all tests."""

from __future__ import annotations

import os
import signal

from hypothesis import settings

# An example that takes long on a busy machine is no fault of what is tested.
settings.register_profile("peira", deadline=None)
settings.load_profile("peira")

# Tests run beside each other: libraries that start a thread for each core wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# `nohup make test &` has these ignored, and so would every program that a test starts and signals.
signal.signal(signal.SIGINT, signal.default_int_handler)
for number in (signal.SIGQUIT, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
