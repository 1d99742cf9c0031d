"""Host, origin, session, bodies, headers: TRUST.md H01-H10, X05, X09, R03, R04, A01, A06, L06."""

from __future__ import annotations

import gzip
import json
import logging
import re

import httpx
import pytest

from peira.server.app import build_routes
from peira.server.bundle import Bundle
from peira.server.follower import Follower, Streams
from peira.server.security import BODY_BYTES_MAX, is_plain_path
from tests.server import wire
from tests.server.conftest import PROJECT, Served

FOREIGN_HOSTS = [
    "evil.example",
    "evil.example:{port}",
    "127.0.0.1.evil.example:{port}",
    "localhost.evil.example:{port}",
    "10.0.0.7:{port}",
    "localhost:{port}.evil.example",
    "127.0.0.1@evil.example:{port}",
    "0.0.0.0:{port}",
    "127.0.0.2:{port}",
    "127.1:{port}",
    "",
]
TRIES = [("GET", "/"), ("GET", "/api/lab"), ("PUT", f"/api/projects/{PROJECT}/goal")]
GOAL = b'{"metric": "val/loss", "direction": "min"}'
FOREIGN_ORIGINS = [
    "null",
    "file://",
    "http://evil.example",
    "https://evil.example",
    "http://127.0.0.1",
    "http://127.0.0.1:1",
    "http://localhost.evil.example",
    "http://127.0.0.1.evil.example:{port}",
    "https://localhost:1",
    "chrome-extension://abc",
]


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
@pytest.mark.parametrize(("method", "target"), TRIES, ids=["page", "read", "write"])
def test_foreign_hosts_are_refused(served: Served, host: str, method: str, target: str) -> None:
    """H01: 33 of 33 requests with a Host that does not name us get 421, and change nothing."""
    headers = {"Host": host.format(port=served.port), "Content-Type": "application/json"}
    answer = served.raw(method, target, headers, GOAL if method == "PUT" else b"")
    assert answer.status == 421
    assert served.lab.journal.standing("goal") == {}


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:{port}",
        "localhost:{port}",
        "LOCALHOST:{port}",
        "localhost.:{port}",
        "[::1]:{port}",
    ],
)
def test_our_names_are_accepted(served: Served, host: str) -> None:
    """H09: upper case, a trailing dot and IPv6 are ours, with our port."""
    assert served.raw("GET", "/api/lab", {"Host": host.format(port=served.port)}).status == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:80", "localhost:1", "[::1]", "[::1]:x"])
def test_our_name_with_another_port_is_refused(served: Served, host: str) -> None:
    """H09: the port belongs to the name."""
    assert served.raw("GET", "/api/lab", {"Host": host}).status == 421


def test_two_hosts_or_none_are_refused(served: Served) -> None:
    """H01: a Host is there exactly once."""
    ours = f"Host: 127.0.0.1:{served.port}\r\n"
    for lines in (ours * 2, ""):
        answer = wire.exchange(served.port, f"GET / HTTP/1.1\r\n{lines}\r\n".encode())
        assert 400 <= answer.status < 500


@pytest.mark.parametrize(
    "name",
    [
        "X-Forwarded-Host",
        "X-Forwarded-Prefix",
        "X-Original-URL",
        "X-Rewrite-URL",
        "X-Forwarded-Proto",
        "Forwarded",
    ],
)
def test_forwarding_headers_are_ignored(served: Served, name: str) -> None:
    """H02: no such header changes an answer or appears in one."""
    plain = served.raw("GET", "/p/x")
    told = served.raw("GET", "/p/x", {name: "evil.example"})
    assert (told.status, told.body) == (plain.status, plain.body)
    assert b"evil.example" not in told.body


def test_absolute_targets_are_refused(served: Served) -> None:
    """H02: `GET http://evil/ HTTP/1.1` is neither served nor redirected."""
    for target in ("http://evil.example/", f"http://127.0.0.1:{served.port}/", "//evil.example/"):
        answer = served.raw("GET", target)
        assert answer.status == 400
        assert answer.header("location") is None


@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
def test_no_origin_gets_a_grant(served: Served, origin: str) -> None:
    """H03: reads, preflights and private-network asks of ten origins get no CORS header."""
    origin = origin.format(port=served.port)
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Private-Network": "true",
    }
    for method in ("GET", "OPTIONS"):
        answer = served.raw(method, "/api/lab", asked)
        assert answer.status in (403, 405)
        assert not [name for name, _ in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json",
    ],
)
@pytest.mark.parametrize("sign", ["Origin", "Sec-Fetch-Site", "both"])
def test_writes_from_other_sites_change_nothing(
    served: Served, content_type: str, sign: str
) -> None:
    """H04, H10: no kind of body gets in from another site, with either sign of it alone."""
    headers = {"Content-Type": content_type} if content_type else {}
    if sign != "Sec-Fetch-Site":
        headers["Origin"] = "http://evil.example"
    if sign != "Origin":
        headers["Sec-Fetch-Site"] = "cross-site"
    answer = served.raw("PUT", f"/api/projects/{PROJECT}/goal", headers, GOAL)
    assert answer.status == 403
    assert served.lab.journal.standing("goal") == {}


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "",
        "application/json, text/plain",
        "application/jsonp",
    ],
)
def test_only_json_is_a_body(served: Served, content_type: str) -> None:
    """H04: even from our own page a write is `application/json`."""
    headers = {"Content-Type": content_type} if content_type else {}
    answer = served.raw("PUT", f"/api/projects/{PROJECT}/goal", headers, GOAL)
    assert answer.status == 415


def test_same_site_is_another_site(served: Served) -> None:
    """H03: another port of this machine is `same-site` for browsers; it gets nothing either."""
    headers = {
        "Sec-Fetch-Site": "same-site",
        "Sec-Fetch-Mode": "no-cors",
        "Sec-Fetch-Dest": "image",
    }
    assert served.raw("GET", "/", headers).status == 403
    assert served.raw("GET", "/api/lab", headers).status == 403


def test_links_from_elsewhere_open_the_page(served: Served) -> None:
    """A link in a chat leads to the dashboard, but never to the API."""
    headers = {
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    }
    assert served.raw("GET", "/p/digits", headers).status == 200
    assert served.raw("GET", "/api/lab", headers).status == 403
    assert served.raw("GET", "/", headers | {"Sec-Fetch-Dest": "iframe"}).status == 403


def test_methods_are_not_overridden(served: Served) -> None:
    """H05: a header or a parameter never turns one method into another."""
    run = f"/api/runs/{served.run}"
    answer = served.raw("GET", run, {"X-HTTP-Method-Override": "DELETE"})
    assert answer.status == 200
    assert served.raw("GET", f"{run}?_method=DELETE").status == 400
    for method in ("TRACE", "CONNECT", "PROPFIND", "OPTIONS"):
        assert served.raw(method, "/api/lab").status == 405


def test_upgrades_of_other_sites_are_refused(served: Served) -> None:
    """H06: a WebSocket or an event stream of a foreign page gets 403, before anything else."""
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        "Origin": "http://evil.example",
    }
    assert served.raw("GET", "/api/events", upgrade).status == 403
    assert served.raw("GET", "/api/events", {"Origin": "http://evil.example"}).status == 403


def test_every_route_needs_the_session(served: Served) -> None:
    """A01: the routing table is walked; no route, method or spelling answers without the token."""
    follower = Follower(served.lab, Streams())
    app = build_routes(follower, Bundle())
    targets = {re.sub(r":str|[{}]", "", route.path) for route in app.routes}
    assert len(targets) > 30
    for target in targets:
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
            for spelled in (target, target.upper(), f"{target}/", f"{target}?token=x"):
                headers = {"Host": f"127.0.0.1:{served.port}", "Content-Type": "application/json"}
                answer = wire.exchange(
                    served.port,
                    wire.request(method, spelled, headers | {"Connection": "close"}),
                )
                assert answer.status in (400, 401), (method, spelled)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Basic dXNlcjpwYXNz",
        "bearer\x01",
        "Bearer " + "a" * 9000,
        "Bearer null",
        "Token x",
        "Bearer \xff\xfe",
    ],
)
def test_odd_authorization_is_no_session(served: Served, value: str) -> None:
    """A03: anything but the token is 401 or 400, never 5xx."""
    assert served.raw("GET", "/api/lab", {"Authorization": value}).status in (400, 401)


def test_the_token_is_swapped_for_a_cookie(served: Served) -> None:
    """A06, A11: the address gives an HttpOnly, SameSite=Strict cookie and a clean address."""
    with httpx.Client(base_url=served.server.address) as browser:
        token = served.server.session.token
        answer = browser.get(f"/p/{PROJECT}?q=lr+%3E+1&token={token}")
        assert answer.status_code == 303
        assert token not in answer.headers["location"]
        assert answer.headers["location"] == f"./{PROJECT}?q=lr+%3E+1"
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and token not in cookie
        assert browser.get("/api/lab").status_code == 200


def test_the_token_in_an_address_opens_nothing_else(served: Served) -> None:
    """A06: the API does not take a token from the query string."""
    token = served.server.session.token
    with httpx.Client(base_url=served.server.address) as browser:
        assert browser.get(f"/api/lab?token={token}").status_code == 401
        assert browser.get(f"/schema?token={token}").status_code == 401
        assert browser.get("/?token=wrong").status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example/",
        "/%2f%2fevil.example",
        "/\\evil.example",
        "/%0d%0aLocation:%20evil",
        "/javascript:alert(1)",
    ],
)
def test_redirects_stay_here(served: Served, path: str) -> None:
    """H07: whatever the path, the redirect after the token is relative to this site."""
    headers = {"Host": f"127.0.0.1:{served.port}"}
    target = f"{path}?token={served.server.session.token}"
    answer = wire.exchange(served.port, wire.request("GET", target, headers))
    location = answer.header("location")
    assert answer.status in (303, 400)
    assert location is None or (location.startswith("./") and "//" not in location)


def test_people_without_session_get_a_page(served: Served) -> None:
    """A browser without the cookie is told in words where the key is."""
    with httpx.Client(base_url=served.server.address) as browser:
        answer = browser.get("/", headers={"Accept": "text/html"})
    assert answer.status_code == 401
    assert "token" in answer.text and "<script" not in answer.text


@pytest.mark.parametrize("target", ["/", "/p/digits", "/api/lab", "/nope", "/schema"])
def test_every_answer_carries_the_headers(served: Served, target: str) -> None:
    """X05, H08, X09: CSP without inline script, no framing, nosniff, no referrer; objects only."""
    answer = served.client.get(target)
    csp = answer.headers["content-security-policy"]
    assert "default-src 'none'" in csp
    assert "unsafe" not in csp
    assert "frame-ancestors 'none'" in csp
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    if "json" in answer.headers["content-type"]:
        assert answer.text.startswith("{")


def test_only_embedded_pages_may_be_framed(served: Served) -> None:
    """H08: and those by this site alone."""
    csp = served.client.get("/embed/p/digits").headers["content-security-policy"]
    assert "frame-ancestors 'self'" in csp


def test_large_bodies_are_refused_early(served: Served) -> None:
    """R03: 100 MiB announced, and a stream without a length, are 413 without being read."""
    headers = served.bearer | {"Content-Type": "application/json"}
    for extra in ({"Content-Length": str(100 * 2**20)}, {"Content-Length": "9" * 30}):
        head = wire.request("POST", "/api/traces", headers | extra)
        assert wire.exchange(served.port, head).status in (400, 413)
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    head = wire.request("POST", "/api/traces", headers | {"Transfer-Encoding": "chunked"})
    endless = head + chunk * (BODY_BYTES_MAX // 0x10000 + 2)
    assert wire.exchange(served.port, endless).status == 413


def test_compressed_bodies_are_refused(served: Served) -> None:
    """R04: a bomb is not unpacked to be looked at."""
    bomb = gzip.compress(b" " * 10**7)
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert served.raw("POST", "/api/traces", headers, bomb).status == 415


def test_many_headers_and_long_addresses_are_refused(served: Served) -> None:
    """Header sets and addresses have limits with their own codes."""
    many = {f"X-{n}": "x" for n in range(200)}
    assert served.raw("GET", "/api/lab", many).status == 431
    answer = served.raw("GET", "/api/lab?q=" + "x" * 70_000)
    assert answer.status == 414
    assert json.loads(answer.body)["code"] == "long-url"


def test_secrets_stay_out_of_the_log(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    """L06: whatever is logged holds no token, cookie or query string."""
    token = served.server.session.token
    with caplog.at_level(logging.DEBUG):
        with httpx.Client(base_url=served.server.address) as browser:
            browser.get(f"/?token={token}")
            browser.get("/?token=wrong-secret")
            browser.get("/api/lab?secret=1", headers={"Authorization": "Bearer wrong-secret"})
        served.client.get("/api/nope?secret=1")
    lines = [r.getMessage() for r in caplog.records if not r.name.startswith(("httpx", "httpcore"))]
    assert not [line for line in lines if token in line or "secret" in line]


@pytest.mark.parametrize(
    ("raw", "is_plain"),
    [
        (b"/", True),
        (b"/p/a%20b", True),
        (b"/p/%C3%A9", True),
        (b"/p/team%2Fdigits", True),
        (b"", False),
        (b"*", False),
        (b"/..", False),
        (b"/%2e%2e/x", False),
        (b"/a//b", False),
        (b"/a/", False),
        (b"/a%5cb", False),
        (b"/a%00", False),
        (b"/%c0%ae", False),
        (b"/%zz", False),
        (b"/%ee%80%80", False),
        (b"/a%0d%0a", False),
    ],
)
def test_only_plain_paths_go_on(raw: bytes, is_plain: bool) -> None:
    """T01: no empty, dotted, backslashed or wrongly encoded segment reaches a route."""
    assert is_plain_path(raw) is is_plain
