"""For all tests."""

from __future__ import annotations

import signal

from hypothesis import settings

# An example that takes long on a busy machine is no fault of what is tested.
settings.register_profile("peira", deadline=None)
settings.load_profile("peira")

# `nohup make test &` has these ignored, and so would every program that a test starts and signals.
signal.signal(signal.SIGINT, signal.default_int_handler)
for number in (signal.SIGQUIT, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
