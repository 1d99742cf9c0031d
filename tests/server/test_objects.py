"""Stored content is inert and exact: TRUST.md X01-X03, R05, F12, T06, T08."""

from __future__ import annotations

import os
import time

import pytest

from peira.server.media_types import sending_of
from peira.server.routes.objects import one_range
from tests.server.conftest import Served

SCRIPT = b"<script>document.title='owned'</script>"
STORED = [
    (SCRIPT, "text/html"),
    (SCRIPT, "application/xhtml+xml"),
    (SCRIPT, "image/svg+xml"),
    (b"<?xml version='1.0'?>", "application/xml"),
    (b"<?xml?>", "text/xml"),
    (b"x", "text/xsl"),
    (b"MIME-Version: 1.0", "multipart/related"),
    (b"alert(1)", "text/javascript"),
    (b"alert(1)", "application/javascript"),
    (b"body{}", "text/css"),
    (SCRIPT, "image/png"),
    (SCRIPT, "text/plain"),
    (SCRIPT, "application/json"),
    (b"%PDF-", "application/pdf"),
    (b"x", "text/html\r\nX-Evil: 1"),
    (SCRIPT, ""),
]
RUNNABLE = (
    "text/html",
    "image/svg+xml",
    "application/xhtml",
    "xml",
    "javascript",
    "text/css",
    "pdf",
)


@pytest.mark.parametrize(("data", "mime"), STORED, ids=[mime[:24] for _, mime in STORED])
def test_stored_content_is_inert(served: Served, data: bytes, mime: str) -> None:
    """X01, X02: 16 files a browser might run: sandboxed, nosniff, a download unless harmless."""
    digest = served.lab.objects.put_bytes(data).digest
    answer = served.client.get(f"/api/objects/{digest}", params={"mime": mime})
    if answer.status_code == 400:
        return  # a type with control characters is not even looked at
    assert answer.status_code == 200
    assert answer.content == data
    assert answer.headers["x-content-type-options"] == "nosniff"
    csp = answer.headers["content-security-policy"]
    assert csp.startswith("sandbox;")
    assert "allow-" not in csp and "script-src" not in csp and "default-src 'none'" in csp
    sent = answer.headers["content-type"]
    is_download = answer.headers.get("content-disposition", "").startswith("attachment")
    if sent.startswith(("text/html", "image/svg+xml")):
        assert mime.startswith(("text/html", "image/svg+xml"))
    elif not sent.startswith(("image/png", "text/plain")):
        assert sent == "application/octet-stream" and is_download


def test_what_is_shown_is_on_the_list() -> None:
    """X02: of the runnable kinds only HTML and SVG are shown at all, without scripts."""
    for runnable in (
        "application/xhtml+xml",
        "text/xml",
        "text/javascript",
        "text/css",
        "application/pdf",
        "text/html-x",
        "x",
        "multipart/x-mixed-replace",
    ):
        assert sending_of(runnable).is_attachment
    for page in ("text/html", "TEXT/HTML; charset=x", "image/svg+xml"):
        assert sending_of(page).csp.startswith("sandbox;")


@pytest.mark.parametrize(
    "name",
    [
        'a"b',
        "a\r\nX-Evil: 1",
        "a;b",
        "é☃.txt",
        "../../etc/passwd",
        "a" * 900,
        "\u202egnp.exe",
        "%00",
        "\ud83d\ude00",
    ],
)
def test_download_names_inject_nothing(served: Served, name: str) -> None:
    """X03: one plain `filename=`, the exact name by RFC 5987, no header of its own."""
    name = name.encode("utf-16", "surrogatepass").decode("utf-16")
    digest = served.lab.objects.put_bytes(b"download").digest
    answer = served.client.get(f"/api/objects/{digest}", params={"name": name, "download": "true"})
    assert answer.status_code in (200, 400)
    assert "x-evil" not in answer.headers
    if answer.status_code == 200:
        disposition = answer.headers["content-disposition"]
        assert disposition.count("filename=") == 1
        assert disposition.isascii()
        plain = disposition.split('"')[1]
        assert not set(plain) & set('"\\/;\r\n')


def test_damaged_objects_are_never_sent(served: Served) -> None:
    """F12: flipped and swapped bytes are 502 with both digests; never bytes."""
    objects = served.lab.objects
    stored = objects.put_bytes(b"good bytes" * 1000)
    other = objects.put_bytes(b"other bytes")
    assert served.client.get(f"/api/objects/{stored.digest}").status_code == 200
    path = objects.path(stored.digest)
    path.chmod(0o600)
    path.write_bytes(objects.read(other.digest))
    answer = served.client.get(f"/api/objects/{stored.digest}")
    assert answer.status_code == 502
    problem = answer.json()
    assert (problem["code"], problem["expected"], problem["found"]) == (
        "damaged",
        stored.digest,
        other.digest,
    )


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_planted_files_are_not_followed(served: Served, kind: str) -> None:
    """T06, T08: a link, a pipe or a folder under a digest's name is 404 at once."""
    digest = {"link": "a", "pipe": "b", "folder": "c"}[kind] * 64
    path = served.lab.objects.path(digest)
    path.parent.mkdir(exist_ok=True)
    if kind == "link":
        path.symlink_to(served.lab.root.parent / "canary.txt")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    started = time.monotonic()
    assert served.client.get(f"/api/objects/{digest}").status_code == 404
    assert time.monotonic() - started < 2


def test_planted_consoles_are_not_followed(served: Served) -> None:
    """T06: a console.log that is a link shows nothing of what it points to."""
    run = served.runs[0]
    console = served.lab.root / "runs" / run / "console.log"
    console.symlink_to(served.lab.root.parent / "canary.txt")
    assert served.client.get(f"/api/runs/{run}/console").json()["text"] == ""
    console.unlink()  # the lab is that of other tests, too


@pytest.mark.parametrize(
    ("value", "status", "body"),
    [
        ("bytes=0-3", 206, b"0123"),
        ("bytes=4-", 206, b"456789"),
        ("bytes=-2", 206, b"89"),
        ("bytes=8-100", 206, b"89"),
        ("bytes=10-", 416, None),
        ("bytes=-0", 416, None),
        ("bytes=3-1", 200, b"0123456789"),
        ("bytes=0-1,3-4", 200, b"0123456789"),
        ("lines=0-1", 200, b"0123456789"),
        ("bytes=" + "0-," * 3000 + "0-", 200, b"0123456789"),
        ("bytes=a-b", 200, b"0123456789"),
        ("bytes=99999999999999999999-", 200, b"0123456789"),
    ],
    ids=range(12),
)
def test_one_range_is_served(served: Served, value: str, status: int, body: bytes | None) -> None:
    """R05: one range as asked; 3,000 overlapping ones get the whole object, at once."""
    digest = served.lab.objects.put_bytes(b"0123456789").digest
    started = time.monotonic()
    answer = served.client.get(f"/api/objects/{digest}", headers={"Range": value})
    assert answer.status_code == status
    assert body is None or answer.content == body
    assert time.monotonic() - started < 1


def test_large_objects_come_whole(served: Served) -> None:
    """An object over the size that is sent in one piece arrives whole, and by range."""
    data = os.urandom(9 * 1024 * 1024)
    digest = served.lab.objects.put_bytes(data).digest
    assert served.client.get(f"/api/objects/{digest}").content == data
    part = served.client.get(f"/api/objects/{digest}", headers={"Range": "bytes=1000-8000000"})
    assert part.status_code == 206 and part.content == data[1000:8_000_001]
    again = served.client.get(f"/api/objects/{digest}", headers={"If-None-Match": f'"{digest}"'})
    assert again.status_code == 304


def test_empty_objects_have_no_range(served: Served) -> None:
    """Zero bytes are served whole; no range of them exists."""
    digest = served.lab.objects.put_bytes(b"").digest
    assert served.client.get(f"/api/objects/{digest}").content == b""
    assert one_range([], 0) is None
