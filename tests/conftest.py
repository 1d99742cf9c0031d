"""For all tests."""

from __future__ import annotations

from hypothesis import settings

# An example that takes long on a busy machine is no fault of what is tested.
settings.register_profile("peira", deadline=None)
settings.load_profile("peira")
