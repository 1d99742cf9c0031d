"""`/schema`: the routes as a page, and as OpenAPI. Nothing of it comes from another server."""

from __future__ import annotations

import base64
import hashlib
import html
from typing import Any

import msgspec
from litestar import Controller, Request, Response, get

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
    "td,th{text-align:left;padding:.2em 1em .2em 0;vertical-align:top}"
)
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_CSP = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; frame-ancestors 'none'"


class SchemaPages(Controller):
    """The two addresses below `/schema`."""

    path = "/schema"
    include_in_schema = False

    @get("/", sync_to_thread=False)
    def page(self, request: Request[Any, Any, Any]) -> Response[str]:
        """The routes as a page to read."""
        rows = [
            f"<tr><td>{method.upper()}</td><td><code>{html.escape(path)}</code></td>"
            f"<td>{html.escape(operation.get('description', ''))}</td></tr>"
            for path, item in sorted(request.app.openapi_schema.to_schema()["paths"].items())
            for method, operation in item.items()
        ]
        text = (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Peira: HTTP API</title>'
            f"<style>{_STYLE}</style><h1>HTTP API</h1>"
            '<p>The same as <a href="schema/openapi.json">OpenAPI</a>.</p>'
            f"<table><tr><th>method<th>address<th>what it does</tr>{''.join(rows)}</table></html>"
        )
        return Response(text, media_type="text/html", headers={"Content-Security-Policy": _CSP})

    @get("/openapi.json", sync_to_thread=False)
    def openapi(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        """The routes as OpenAPI 3.1."""
        body = msgspec.json.encode(request.app.openapi_schema.to_schema())
        return Response(body, media_type="application/json")
