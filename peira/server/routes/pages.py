"""The dashboard: its page at every address it knows, its files, and a word when it is not built."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from litestar import Request, Response, get

from peira.core.errors import NotFoundError
from peira.lab.lab import Lab
from peira.server.bundle import Asset, Bundle
from peira.server.evaluation_export import export_evaluation
from peira.server.exports import FORMATS, export_comparison, export_runs
from peira.server.parameters import Dashboard, LabNow, PathText
from peira.server.sweep_exports import export_sweep, export_sweeps

# The addresses of the dashboard's router; each also below /embed. `/p/{project}`, evaluations
# and sweeps are apart, because they also answer `.csv`, `.json` and `.parquet`.
PAGES = [
    "/data",
    "/data/{name:str}/{number:int}",
    "/p/{project:str}/r/{run:str}",
    "/p/{project:str}/compare",
    "/p/{project:str}/explore",
    "/p/{project:str}/sweeps",
    "/p/{project:str}/reports",
    "/p/{project:str}/reports/{report:str}",
    "/p/{project:str}/artifacts",
    "/p/{project:str}/artifacts/{artifact:str}",
]
EVALUATED = "/p/{project:str}/r/{run:str}/eval/{name:str}"
SWEEP = "/p/{project:str}/sweeps/{sweep:str}"
EMBEDDED = [
    "/embed",
    "/embed/p/{project:str}",
    f"/embed{EVALUATED}",
    f"/embed{SWEEP}",
    *(f"/embed{page}" for page in PAGES),
]
_STYLE = "body{font:16px/1.5 system-ui,sans-serif;max-width:38em;margin:15vh auto;padding:0 1em}"
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_NOT_BUILT = f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Peira: the dashboard is not built</title>
<style>{_STYLE}</style><h1>The dashboard is not built</h1>
<p>This Peira was installed from its sources without the dashboard. In the checkout, run
<code>make web</code>, then load this page again. The <a href="/schema">HTTP API</a> works.</p>
</html>
"""


@get(["/", *PAGES, *EMBEDDED], sync_to_thread=False, include_in_schema=False)
def page(request: Request[Any, Any, Any], bundle: Dashboard) -> Response[bytes]:
    """The page of the dashboard; its script reads the address."""
    return _page(request, bundle)


@get("/p/{project:str}", sync_to_thread=True)
def project_page(
    request: Request[Any, Any, Any],
    lab: LabNow,
    bundle: Dashboard,
    project: PathText,
) -> Response[Any]:
    """The page of a project; with `.csv`, `.json` or `.parquet` behind its name the runs view as
    data, by the parameters `q`, `sort`, `columns`, `deleted` and `limit`.
    """
    name, _, ending = project.rpartition(".")
    if name and ending in FORMATS and not _is_project(lab, project):
        return export_runs(lab, name, ending, request.query_params)
    return _page(request, bundle)


@get(EVALUATED, sync_to_thread=True, include_in_schema=False)
def evaluated_page(
    request: Request[Any, Any, Any],
    lab: LabNow,
    bundle: Dashboard,
    *,
    run: PathText,
    name: PathText,
) -> Response[Any]:
    """The page of an evaluation; with `.csv`, `.json` or `.parquet` behind its name the same as
    data, by the parameters of the screen.
    """
    plain, _, ending = name.rpartition(".")
    if plain and ending in FORMATS and not _is_evaluation(lab, run, name):
        return export_evaluation(lab, run, plain, ending, request.query_params)
    return _page(request, bundle)


@get(SWEEP, sync_to_thread=True, include_in_schema=False)
def sweep_page(
    request: Request[Any, Any, Any],
    lab: LabNow,
    bundle: Dashboard,
    project: PathText,
    sweep: PathText,
) -> Response[Any]:
    """The page of a sweep; with `.csv`, `.json` or `.parquet` behind its id its trials as data."""
    name, _, ending = sweep.rpartition(".")
    if name and ending in FORMATS:
        return export_sweep(lab, project, name, ending, request.query_params)
    return _page(request, bundle)


def listed(request: Request[Any, Any, Any], lab: LabNow, project: PathText) -> Response[bytes]:
    """The sweeps of a project as data."""
    ending = request.scope["path"].rpartition(".")[2]
    return export_sweeps(lab, project, ending, request.query_params)


LISTED = [
    get(f"/p/{{project:str}}/sweeps.{ending}", sync_to_thread=True, include_in_schema=False)(listed)
    for ending in FORMATS
]


def compared(request: Request[Any, Any, Any], lab: LabNow, project: PathText) -> Response[bytes]:
    """The Compare screen as data, by the parameters `r`, `all` and `section`."""
    ending = request.scope["path"].rpartition(".")[2]
    return export_comparison(lab, project, ending, request.query_params)


# One handler an address: a list of addresses would be sent to the thread twice.
COMPARED = [
    get(f"/p/{{project:str}}/compare.{ending}", sync_to_thread=True, include_in_schema=False)(
        compared
    )
    for ending in FORMATS
]


@get("/assets/{name:str}", sync_to_thread=False, include_in_schema=False)
def asset(request: Request[Any, Any, Any], bundle: Dashboard, name: PathText) -> Response[bytes]:
    """A file whose name holds a digest of its content."""
    return _file(request, bundle.get(f"assets/{name}"), "private, max-age=31536000, immutable")


@get(["/favicon.svg", "/favicon.ico"], sync_to_thread=False, include_in_schema=False)
def favicon(request: Request[Any, Any, Any], bundle: Dashboard) -> Response[bytes]:
    """The icon of the browser's tab."""
    return _file(request, bundle.get(request.scope["path"][1:]), "private, max-age=3600")


PAGE_HANDLERS = [
    page,
    project_page,
    evaluated_page,
    sweep_page,
    *COMPARED,
    *LISTED,
    asset,
    favicon,
]


def _page(request: Request[Any, Any, Any], bundle: Bundle) -> Response[bytes]:
    depth = request.scope["path"].count("/") - 1
    text = bundle.index(depth)
    if text is None:
        csp = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'"
        text = _NOT_BUILT.replace('"/schema"', f'"{"../" * depth}schema"').encode()
        return Response(text, media_type="text/html", headers={"Content-Security-Policy": csp})
    return Response(text, media_type="text/html", headers={"Cache-Control": "no-cache"})


def _file(request: Request[Any, Any, Any], found: Asset | None, caching: str) -> Response[bytes]:
    if found is None:
        raise NotFoundError("There is no such file of the dashboard.")
    headers = {"Cache-Control": caching, "ETag": found.etag, "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == found.etag:
        return Response(b"", status_code=304, headers=headers)
    data = found.data
    if found.zipped is not None and "gzip" in request.headers.get("accept-encoding", ""):
        data = found.zipped
        headers["Content-Encoding"] = "gzip"
    return Response(data, media_type=found.media_type, headers=headers)


def _is_evaluation(lab: Lab, run: str, name: str) -> bool:
    return any(one.name == name for one in lab.run(run).evaluations())


def _is_project(lab: Lab, name: str) -> bool:
    return any(project.name == name for project in lab.projects())
