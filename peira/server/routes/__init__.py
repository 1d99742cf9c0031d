"""The routes, one file a noun. Handlers are thin: they translate between HTTP and the lab."""

from __future__ import annotations

from peira.server.routes.console import console
from peira.server.routes.events import events
from peira.server.routes.home import lab_facts
from peira.server.routes.media import media
from peira.server.routes.objects import stored_object
from peira.server.routes.pages import PAGE_HANDLERS
from peira.server.routes.run import change_run, run
from peira.server.routes.runs import runs
from peira.server.routes.schema import SchemaPages
from peira.server.routes.selections import keep_selection, selection
from peira.server.routes.series import series
from peira.server.routes.views import drop_view, save_view, set_goal, views

HANDLERS = [
    lab_facts, runs, set_goal, views, save_view, drop_view,
    run, change_run, console, media, series, stored_object, keep_selection, selection, events,
    *PAGE_HANDLERS,
]  # fmt: skip

__all__ = ["HANDLERS", "SchemaPages"]
