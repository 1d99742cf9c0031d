"""Requests that are wrong: TRUST.md R01, R02, R07, R10, R11, T01, T03, X04. Never a 5xx."""

from __future__ import annotations

import itertools
import json
import re
import time

import httpx
import pytest

from tests.server import wire
from tests.server.conftest import CANARY, PROJECT, Served

BODIES: dict[str, bytes] = {
    "empty": b"",
    "null": b"null",
    "true": b"true",
    "number": b"1",
    "text": b'"x"',
    "list": b"[]",
    "list of objects": b"[{}]",
    "object": b"{}",
    "cut": b'{"keys": ["a"',
    "two values": b"{} {}",
    "comma": b'{"keys": [],}',
    "single quotes": b"{'keys': []}",
    "NaN": b'{"keys": ["a"], "x_min": NaN, "note": NaN}',
    "Infinity": b'{"keys": ["a"], "x_min": Infinity}',
    "1e400": b'{"keys": ["a"], "x_min": 1e400, "pixels": 1e400}',
    "2^63": b'{"keys": ["a"], "pixels": 9223372036854775808, "x_min": 9223372036854775808}',
    "2^200": b'{"keys": ["a"], "pixels": %d}' % 2**200,
    "lone surrogate": b'{"keys": ["\\ud800"], "name": "\\ud800", "metric": "\\ud800"}',
    "NUL": b'{"keys": ["a\\u0000b"], "name": "\\u0000", "metric": "\\u0000", "direction": "min"}',
    "raw NUL": b'{"keys": ["a\x00"]}',
    "bad UTF-8": b'{"keys": ["\xff\xfe"]}',
    "UTF-16": '{"keys": ["a"]}'.encode("utf-16"),
    "BOM": b'\xef\xbb\xbf{"keys": ["a"]}',
    "5,000 lists": b"[" * 5_000,
    "100,000 lists": b"[" * 100_000,
    "100,000 objects": b'{"keys":' * 100_000,
    "5,000 closed": b'{"name": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    "wrong types": b'{"keys": "a", "runs": {}, "name": 1, "metric": [], "url": 5, "tags_add": "x"}',
    "unknown member": b'{"keys": ["a"], "runs": [], "name": "a", "__class__": "x"}',
    "doubled member": b'{"metric": "a", "metric": 1, "direction": "min"}',
    "100,000 items": b'{"keys": ["a"], "runs": [' + b'"a",' * 100_000 + b'"a"]}',
    "markup": b'{"metric": "<script>alert(1)</script>", "direction": "<b>"}',
}
ENDPOINTS = [
    ("POST", "/api/traces"),
    ("POST", "/api/selections"),
    ("PUT", f"/api/projects/{PROJECT}-x/goal"),
    ("PUT", f"/api/projects/{PROJECT}-x/views/abc"),
    ("PATCH", "/api/runs/{run}"),
    ("PATCH", "/api/runs/nothing"),
    ("POST", "/api/lab"),
    ("DELETE", f"/api/projects/{PROJECT}/views/none"),
]
QUERIES = [
    "limit=-1",
    "limit=1e9",
    "limit=9223372036854775808",
    "limit=text",
    "limit=null",
    "limit=",
    "offset=-1",
    "offset=1.5",
    "q=%00",
    "q=%ff",
    "q=%zz",
    "q=%ED%A0%80",
    "deleted=maybe",
    "sort=;drop",
    "nothing=1",
    "limit=1&limit=2",
    "q=" + "(" * 5000,
    "columns=" + "," * 3000,
    "columns=`",
    "columns=x%60",
    "at=-5",
    "key=",
    "after=-1",
    "tail=0",
    "tail=999999999999",
    "format=exe",
    "mime=%0d%0aX:%20y",
    "r=,,,",
    "r=" + "x," * 3000,
    "r=%00,%ff",
    "step=-1",
    "step=1e400",
    "sort=-correct",
    "order=size",
    "threshold=NaN",
    "of=%00&threshold=1e999",
    "column=id&value=0",
    "column=%3Da",
    "other=nobody",
    "change=better",
    "part=../../x",
    "&&&===",
    "q[]=1",
    "%71=1",
]
EVALUATION_PARTS = ("", "/samples", "/slices", "/curves", "/difference", "/picture/0")
READS = [
    f"/api/projects/{PROJECT}/runs",
    f"/api/projects/{PROJECT}/groups",
    f"/api/projects/{PROJECT}/metrics",
    f"/api/projects/{PROJECT}/complete",
    f"/p/{PROJECT}.csv",
    f"/api/projects/{PROJECT}/compare",
    f"/api/projects/{PROJECT}/compare/file",
    f"/p/{PROJECT}/compare.csv",
    "/api/runs/{run}/console",
    "/api/runs/{run}/series",
    "/api/objects/" + "0" * 64,
    "/api/runs/{run}/evaluations",
    *(f"/api/runs/{{run}}/evaluations/dev%2F%3Cb%3E{rest}" for rest in EVALUATION_PARTS),
    "/api/datasets",
    "/api/datasets/nothing/1/samples",
]
RAW = [
    b"\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET /\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\n{host}Content-Length: -1\r\n\r\n",
    b"GET / HTTP/1.1\r\n{host}Content-Length: x\r\n\r\n",
    b"{post}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    b"{post}Content-Length: 2, 3\r\n\r\n{}",
    b"{post}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"{post}Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n",
    b"{post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    b"{post}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    b"{post}Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    b"{post}Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
    b"{post}Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n\r\n",
    b"GET / HTTP/1.1\r\n{host}X: a\r\n b\r\n\r\n",
    b"GET / HTTP/1.1\r\n{host}: x\r\n\r\n",
    b"GET / HTTP/1.1\r\n{host}X\x00: a\r\n\r\n",
    b"GET / HTTP/1.1\r\n{host}X: a\x00b\r\n\r\n",
    b"GET / HTTP/1.1\r\n{host}X: \xff\xfe\r\n\r\n",
    b"GET /\xff HTTP/1.1\r\n{host}\r\n",
    b"GET /a b HTTP/1.1\r\n{host}\r\n",
    b"GET /\x00 HTTP/1.1\r\n{host}\r\n",
    b"get / HTTP/1.1\r\n{host}\r\n",
    b"GET  / HTTP/1.1\r\n{host}\r\n",
    b"GET * HTTP/1.1\r\n{host}\r\n",
    b"OPTIONS * HTTP/1.1\r\n{host}\r\n",
    b"CONNECT evil:80 HTTP/1.1\r\n{host}\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"GET / HTTP/1.1\n{host}\n\n",
    b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
    b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n{host}\r\n",
    b"X" * 200_000 + b" / HTTP/1.1\r\n{host}\r\n",
    b"GET / HTTP/1.1\r\n{host}X: " + b"a" * 200_000 + b"\r\n\r\n",
    b'GET /? HTTP/1.1\r\n{host}Cookie: peira="\r\n\r\n',
    b"GET /#x HTTP/1.1\r\n{host}\r\n",
]
UPWARDS = [
    "../canary.txt",
    "..%2fcanary.txt",
    "%2e%2e%2fcanary.txt",
    "%2e%2e/canary.txt",
    "..%252fcanary.txt",
    "%252e%252e%252fcanary.txt",
    "..\\canary.txt",
    "..%5ccanary.txt",
    "....//canary.txt",
    "..;/canary.txt",
    "..%c0%afcanary.txt",
    "..%e0%80%afcanary.txt",
    "%c0%ae%c0%ae/canary.txt",
    "%ef%bc%8e%ef%bc%8e/canary.txt",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "file:///etc/passwd",
    "file:%2f%2f%2fetc%2fpasswd",
    "canary.txt%00.png",
    "..%00/canary.txt",
    "~/canary.txt",
    "C:%5ccanary.txt",
    "?../canary.txt",
    "#../canary.txt",
    "@canary.txt",
]
UNDER = [
    "/{}",
    "/assets/{}",
    "/api/objects/{}",
    "/api/datasets/{}/1",
    "/api/datasets/digits/1/picture/{}",
    "/api/runs/{}",
    "/api/runs/{}/console",
    "/p/{}",
    "/api/selections/{}",
    "/p/digits/r/{}",
    "/schema/{}",
    "/embed/{}",
    "/api/projects/{}/runs",
]
LEAK = re.compile(
    r"Traceback|File \"|site-packages|\.py\b|SELECT |sqlite|sqlalchemy|msgspec|litestar|uvicorn"
    r"|/tmp/|/root/|/home/",
    re.I,
)


def check(answer: wire.Answer, started: float) -> None:
    """What holds for every answer to a wrong request."""
    assert 0 < answer.status < 500 or answer.status in (501, 505)
    assert time.monotonic() - started < 5
    if answer.status >= 400:
        leak = LEAK.search(answer.body.decode("utf-8", "replace"))
        assert leak is None, leak


@pytest.mark.parametrize("name", BODIES)
def test_wrong_bodies_are_told_so(served: Served, name: str) -> None:
    """R01, R02, R07, R11: 32 bodies at 8 addresses; each is 4xx, or was right after all."""
    for method, target in ENDPOINTS:
        started = time.monotonic()
        target = target.format(run=served.run)
        body = BODIES[name]
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        head = wire.request(method, target, served.bearer | headers)
        answer = wire.exchange(served.port, head + body)
        check(answer, started)
        if answer.status >= 400:
            assert json.loads(answer.body)["code"]


def test_deep_nesting_is_refused_fast(served: Served) -> None:
    """R07: 100,000 levels are 400, within a tenth of a second."""
    headers = {"Content-Type": "application/json"}
    seconds = []
    for _ in range(3):
        started = time.monotonic()
        answer = served.raw("POST", "/api/traces", headers, b"[" * 100_000)
        seconds.append(time.monotonic() - started)
        assert answer.status == 400
    assert min(seconds) < 0.1


@pytest.mark.parametrize("query", QUERIES, ids=[q[:20] for q in QUERIES])
def test_wrong_parameters_are_told_so(served: Served, query: str) -> None:
    """R01, Q02: 30 query strings at 8 addresses."""
    for target in READS:
        started = time.monotonic()
        check(served.raw("GET", f"{target.format(run=served.run)}?{query}"), started)


@pytest.mark.parametrize("data", RAW, ids=range(len(RAW)))
def test_wrong_bytes_are_answered_or_cut(served: Served, data: bytes) -> None:
    """R01, R10: 37 things that are not HTTP, or only nearly: 4xx or a closed connection."""
    host = b"".join(b"%s: %s\r\n" % (k.encode(), v.encode()) for k, v in served.bearer.items())
    started = time.monotonic()
    post = b"POST /api/traces HTTP/1.1\r\n" + host
    answer = wire.exchange(served.port, data.replace(b"{host}", host).replace(b"{post}", post))
    assert answer.status < 500 or answer.status in (501, 505)
    assert time.monotonic() - started < 11
    assert served.client.get("/api/lab").status_code == 200


def test_contradicting_lengths_are_refused(served: Served) -> None:
    """R10: nothing is guessed where two headers say different things (request smuggling)."""
    head = wire.request("POST", "/api/selections", served.bearer)[:-2]
    for lines in (
        b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        b"Content-Length: 2\r\nContent-Length: 4\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
    ):
        answer = wire.exchange(served.port, head + lines + b"\r\n{}")
        assert answer.status in (400, 501)


@pytest.mark.parametrize("under", UNDER)
def test_no_spelling_leads_out_of_the_store(served: Served, under: str) -> None:
    """T01, T03: 25 spellings of "go up" below every kind of address: the canary stays unread."""
    for upward in UPWARDS:
        started = time.monotonic()
        answer = served.raw("GET", under.format(upward).replace("\\", "%5c"))
        check(answer, started)
        assert CANARY.encode() not in answer.body
        assert b"root:" not in answer.body
        if under.startswith(("/api/objects", "/api/runs", "/assets", "/api/selections")):
            assert answer.status in (400, 404, 405)


def test_errors_are_never_markup(served: Served) -> None:
    """X04: what was asked comes back as JSON only, whatever it holds."""
    for target in (
        "/<script>alert(1)</script>",
        "/api/runs/<img src=x>",
        "/api/lab?callback=<x>",
        "/api/objects/x?mime=text/html",
    ):
        answer = served.client.get(target)
        assert answer.status_code >= 400
        assert answer.headers["content-type"] == "application/problem+json"


def test_the_corpus_is_as_large_as_promised() -> None:
    """R01: at least 412 malformed requests."""
    count = len(BODIES) * len(ENDPOINTS) + len(QUERIES) * len(READS) + len(RAW)
    assert count >= 412


def test_fields_are_named(served: Served) -> None:
    """A refused value is named by its field and place."""
    answer = served.client.get(f"/api/projects/{PROJECT}/runs?limit=abc&nothing=1")
    assert answer.status_code == 400
    named = {(field["where"], field["field"]) for field in answer.json()["fields"]}
    assert ("query", "nothing") in named
    answer = served.client.post("/api/selections", json={"runs": ["a", 1]})
    assert answer.json()["fields"][0]["field"] == "runs[1]"


def test_the_server_is_well_after_all_that(served: Served) -> None:
    """R01: many wrong requests on one connection each leave a server that answers at once."""
    for method, (endpoint, body) in itertools.product(
        ("POST", "PUT"), itertools.product(ENDPOINTS[:3], list(BODIES.values())[:5])
    ):
        with httpx.Client(base_url=served.server.address) as client:
            client.request(method, endpoint[1], content=body)
    started = time.monotonic()
    assert served.client.get("/api/lab").status_code == 200
    assert time.monotonic() - started < 1
