"""Data from an address: whole, with its source, without anybody's password."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from peira.cli.app import app
from peira.core.errors import LabError
from peira.data.catalog import Catalog
from peira.data.dataset import open_dataset
from peira.data.download import download
from peira.data.intake import Taken

CSV = b"x,label\n" + b"".join(b"%d,%d\n" % (n, n % 2) for n in range(20))
WANTED = "Basic " + base64.b64encode(b"ada:s3cret word").decode()


class Site(BaseHTTPRequestHandler):
    """A site with a file for everybody, one for ada, and one that ends early."""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/private.csv" and self.headers.get("Authorization") != WANTED:
            self.send_error(401)
        elif path == "/moved.csv":
            self.send_response(302)
            self.send_header("Location", "/private.csv")
            self.end_headers()
        elif path in ("/open.csv", "/private.csv", "/short.csv"):
            self.send_response(200)
            self.send_header("Content-Length", str(len(CSV) + 10 * (path == "/short.csv")))
            self.end_headers()
            self.wfile.write(CSV)
        else:
            self.send_error(404)

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_file_at_an_address_becomes_a_version(
    site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named by its file, with user, password and signature used and never kept."""
    monkeypatch.chdir(tmp_path)
    url = f"http://ada:s3cret%20word@{site}/private.csv?signature=abc"
    done = CliRunner().invoke(app, ["data", "add", url])
    assert done.output.startswith("private:v1: 20 rows"), done.output
    root = tmp_path / ".peira"
    version = Catalog(root).find("private")
    assert version.source == f"http://{site}/private.csv"
    assert open_dataset(root, "private").y.tolist() == [n % 2 for n in range(20)]
    kept = b"".join(p.read_bytes() for p in root.rglob("*") if p.is_file())
    assert b"s3cret" not in kept and b"signature=abc" not in kept
    assert not list(root.glob(".download-*"))


@pytest.mark.parametrize(
    ("path", "said"),
    [("nothing.csv", "404"), ("private.csv", "401"), ("short.csv", "210 bytes|ended|Incomplete")],
)
def test_what_cannot_be_fetched_is_no_version(
    site: str, tmp_path: Path, path: str, said: str
) -> None:
    """The error says why, and names no password."""
    with (
        pytest.raises(LabError, match=said) as raised,
        download(tmp_path / ".peira", f"http://eve:0pen@{site}/{path}"),
    ):
        pass
    assert "0pen" not in str(raised.value)


def test_a_password_is_not_sent_on(site: str, tmp_path: Path) -> None:
    """Where a server redirects to gets no credentials."""
    with (
        pytest.raises(LabError, match="401"),
        download(tmp_path / ".peira", f"http://ada:s3cret%20word@{site}/moved.csv"),
    ):
        pass


def test_progress_is_told_in_bytes(site: str, tmp_path: Path) -> None:
    """Of the length that the server tells."""
    told: list[Taken] = []
    with download(tmp_path / ".peira", f"http://{site}/open.csv", told.append) as found:
        assert found.path.read_bytes() == CSV
    assert told[-1] == Taken(0, 1, len(CSV), len(CSV))


def test_no_server(tmp_path: Path) -> None:
    """The error says what was tried."""
    with (
        pytest.raises(LabError, match=r"http://127\.0\.0\.1:9/x cannot be fetched"),
        download(tmp_path / ".peira", "http://127.0.0.1:9/x"),
    ):
        pass
