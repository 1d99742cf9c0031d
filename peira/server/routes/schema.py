"""`/schema`: the routes as a page, and as OpenAPI. Nothing of it comes from another server."""

from __future__ import annotations

import html
from typing import Any

from litestar import Request
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin


class RoutesPage(OpenAPIRenderPlugin):
    """The routes as a page to read: plain HTML, no script."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Return the page."""
        rows = [
            f"<tr><td>{method.upper()}</td><td><code>{html.escape(path)}</code></td>"
            f"<td>{html.escape(operation.get('description', ''))}</td></tr>"
            for path, item in sorted(openapi_schema["paths"].items())
            for method, operation in item.items()
        ]
        return (
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>Peira: HTTP API</title>'
            "<h1>HTTP API</h1>"
            '<p>The same as <a href="schema/openapi.json">OpenAPI</a>.</p>'
            "<table cellpadding=4><tr align=left><th>method<th>address<th>what it does</tr>"
            f"{''.join(rows)}</table></html>"
        ).encode()


PLUGINS = [RoutesPage(path="/"), JsonRenderPlugin(path="/openapi.json")]
