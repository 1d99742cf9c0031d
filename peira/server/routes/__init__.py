"""The routes, one file a noun. Handlers are thin: they translate between HTTP and the lab."""

from __future__ import annotations

from peira.server.routes.compare import compare_file, compare_runs
from peira.server.routes.console import console
from peira.server.routes.datasets import HANDLERS as DATASET_HANDLERS
from peira.server.routes.evaluations import HANDLERS as EVALUATION_HANDLERS
from peira.server.routes.evaluations import open_evaluation
from peira.server.routes.events import events
from peira.server.routes.explore import explore, importance
from peira.server.routes.fields import complete, fields, metrics
from peira.server.routes.groups import groups
from peira.server.routes.home import home, lab_facts
from peira.server.routes.lineage import lineage
from peira.server.routes.media import media
from peira.server.routes.objects import stored_object
from peira.server.routes.pages import PAGE_HANDLERS
from peira.server.routes.run import change_run, run, run_files
from peira.server.routes.runs import runs
from peira.server.routes.schema import PLUGINS as SCHEMA_PLUGINS
from peira.server.routes.selections import keep_selection, selection
from peira.server.routes.series import series
from peira.server.routes.sweeps import HANDLERS as SWEEP_HANDLERS
from peira.server.routes.traces import traces
from peira.server.routes.views import drop_view, save_view, set_goal, views

HANDLERS = [
    lab_facts, home, runs, groups, fields, complete, metrics, set_goal, views, save_view, drop_view,
    traces, explore, compare_runs, compare_file, run, run_files, change_run, console, media, series,
    importance, lineage, stored_object, *EVALUATION_HANDLERS, *DATASET_HANDLERS, *SWEEP_HANDLERS,
    keep_selection, selection, events, *PAGE_HANDLERS,
]  # fmt: skip

__all__ = ["HANDLERS", "SCHEMA_PLUGINS", "open_evaluation"]
