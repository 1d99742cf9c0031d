"""The application: routes, errors, and the guard around them."""

from __future__ import annotations

import logging
import traceback
from typing import Any, cast

from litestar import Litestar, Response
from litestar import Request as HttpRequest
from litestar.config.compression import CompressionConfig
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)
from litestar.handlers import BaseRouteHandler
from litestar.openapi import OpenAPIConfig
from sqlalchemy.exc import SQLAlchemyError

from peira.core.errors import LabError, PeiraError
from peira.core.text import printable
from peira.core.version import __version__
from peira.server import routes
from peira.server.bundle import Bundle
from peira.server.follower import Follower
from peira.server.hosts import HostNames
from peira.server.problems import MEDIA_TYPE, Field, RefusedError, code_of, problem_of
from peira.server.security import REQUEST_ID, SLASH, Guard
from peira.server.session import Session

# Parameters of handlers that do not come from the query string.
_INJECTED = {"lab", "streams", "bundle", "request", "data"}
_REPEATED = {"columns"}
ROOT = "root"

_log = logging.getLogger("peira.server")
Connection = ASGIConnection[Any, Any, Any, Any]


def build_app(*, hosts: HostNames, session: Session, follower: Follower, bundle: Bundle) -> Guard:
    """Return the ASGI application that serves one lab."""
    return Guard(cast("Any", build_routes(follower, bundle)), hosts, session)


def build_routes(follower: Follower, bundle: Bundle) -> Litestar:
    """Return the application without its guard. Never serve it bare."""
    return Litestar(
        routes.HANDLERS,
        dependencies={
            "lab": Provide(follower.fresh_lab, sync_to_thread=True),
            "streams": Provide(lambda: follower.streams, sync_to_thread=False),
            "bundle": Provide(lambda: bundle, sync_to_thread=False),
            "evaluation": Provide(routes.open_evaluation, sync_to_thread=True),
        },
        guards=[restore_slashes, refuse_stray_schema, refuse_unknown_parameters],
        exception_handlers={Exception: answer_error},
        state=State({ROOT: str(follower.lab.root)}),
        # Columns and objects are dense already, and a compressed stream would be held back.
        compression_config=CompressionConfig(
            backend="gzip",
            gzip_compress_level=1,
            minimum_size=4096,
            exclude=[
                "/api/events",
                "/api/traces",
                "/api/objects",
                "/series",
                "/explore$",
                "/assets",
                r"^/p/",
            ],
        ),
        openapi_config=OpenAPIConfig(
            title="Peira",
            version=__version__,
            description="The HTTP API of a lab; see docs/reference/http-api.md.",
            create_examples=False,
            use_handler_docstrings=True,
            render_plugins=routes.SCHEMA_PLUGINS,
        ),
        logging_config=None,
        debug=False,
    )


def restore_slashes(connection: Connection, handler: BaseRouteHandler) -> None:
    """Give the parameters of the path their encoded slashes back; see `routed_path`."""
    parameters = connection.scope["path_params"]
    for name, value in parameters.items():
        if isinstance(value, str):
            parameters[name] = value.replace(SLASH, "/")


def refuse_stray_schema(connection: Connection, handler: BaseRouteHandler) -> None:
    """Answer other addresses below `/schema` as any other that does not exist.

    Raises:
        NotFoundException: it is one; the framework has a page of its own there.
    """
    if connection.scope["path"].startswith("/schema/") and connection.scope["path_params"]:
        raise NotFoundException


def refuse_unknown_parameters(connection: Connection, handler: BaseRouteHandler) -> None:
    """Refuse query parameters that a route does not know, and doubled ones.

    A misspelt parameter that is silently ignored is an answer to another question.

    Raises:
        RefusedError: there is one.
    """
    given = [name for name, _ in connection.query_params.multi_items()]
    # The dashboard's own addresses carry its view; its script reads them.
    if not given or not connection.scope["path"].startswith(("/api/", "/schema")):
        return
    known = set(handler.parsed_fn_signature.parameters)
    for name, provided in handler.resolve_dependencies().items():
        if name in known - _INJECTED:
            known = (known - {name}) | set(provided.parsed_fn_signature.parameters)
    known -= _INJECTED | set(connection.path_params)
    wrong = [
        Field(name, "query", "There is no such parameter.") for name in given if name not in known
    ]
    wrong += [
        Field(name, "query", "The parameter is given more than once.")
        for name in known - _REPEATED
        if given.count(name) > 1
    ]
    if wrong:
        raise RefusedError(
            "request", "The query string does not fit this address.", fields=tuple(wrong)
        )


def answer_error(request: HttpRequest[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Return the problem+json of anything that went wrong."""
    told = as_peira_error(error)
    if code_of(told) == "internal":
        # The address without its query string, one record a line.
        path, number = printable(request.scope["path"]), request.scope.get(REQUEST_ID)
        _log.error("%s %s failed (request %s)", request.method, path, number)
        for line in "".join(traceback.format_exception(error)).splitlines():
            _log.error("  %s", printable(line))
    status, body = problem_of(told, hidden=request.app.state[ROOT])
    headers = told.headers if isinstance(told, RefusedError) else {}
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def as_peira_error(error: Exception) -> PeiraError:
    """Return the error as one that may be told: never with a stranger's words in it."""
    if isinstance(error, PeiraError):
        return error
    if isinstance(error, NotFoundException):
        return RefusedError("not-found", "There is nothing at this address.")
    if isinstance(error, MethodNotAllowedException):
        allowed = (error.headers or {}).get("allow", "")
        methods = [word for word in allowed.split(", ") if word != "OPTIONS"]
        return RefusedError(
            "method",
            "This address does not know this method.",
            headers={"Allow": ", ".join(methods)},
        )
    if isinstance(error, ValidationException):
        return RefusedError(
            "request", "The request has not the right shape.", fields=_fields(error)
        )
    if isinstance(error, HTTPException) and error.status_code < 500:
        return RefusedError("request", "The request cannot be read.")
    if isinstance(error, SQLAlchemyError):
        return LabError(
            "The index of the lab could not be read.", hint="Try again; it mends itself."
        )
    return RefusedError(
        "internal", "Peira failed at this request.", hint="The server's terminal tells more."
    )


def _fields(error: ValidationException) -> tuple[Field, ...]:
    told = [extra for extra in error.extra or [] if isinstance(extra, dict)]
    return tuple(
        Field(
            field="" if extra.get("key") == "data" else str(extra.get("key", "")),
            where=str(extra.get("source", "body")),
            message=str(extra.get("message", "")),
        )
        for extra in told
    )
