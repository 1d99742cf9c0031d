"""The built dashboard: held in memory, cacheable, without a line of inline script."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from peira.server.bundle import FOLDER, Bundle
from tests.server.conftest import Served


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A small bundle."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text('<!doctype html><head><base href="/" /></head>')
    (tmp_path / "assets" / "app-1a2b.js").write_text("let a = 1;\n" * 100)
    (tmp_path / "secret.py").write_text("not of the dashboard")
    (tmp_path / "assets" / "link.js").symlink_to(tmp_path / "secret.py")
    return tmp_path


def test_the_base_leads_up_to_the_root(built: Path) -> None:
    """A page deep in the address finds its files, below any proxy's prefix."""
    bundle = Bundle(built)
    for depth, base in ((0, b"./"), (1, b"../"), (3, b"../../../")):
        page = bundle.index(depth)
        assert page is not None and page.count(b"<base") == 1
        assert b'<base href="%s" />' % base in page


def test_only_known_files_are_there(built: Path) -> None:
    """Files are keys of a table: no path, no link, no other type is found."""
    bundle = Bundle(built)
    assert bundle.get("assets/app-1a2b.js") is not None
    for name in ("secret.py", "assets/link.js", "../index.html", "assets/../index.html", "assets"):
        assert bundle.get(name) is None


def test_a_new_build_is_seen(built: Path) -> None:
    """The server need not be started again after `make web`."""
    bundle = Bundle(built)
    assert bundle.get("assets/new.js") is None
    (built / "assets" / "new.js").write_text("1")
    os.utime(built / "index.html", ns=(1, 1))
    assert bundle.get("assets/new.js") is not None


def test_without_a_bundle_there_is_none(tmp_path: Path) -> None:
    """A checkout that was not built has no page; the server then says how to build it."""
    assert Bundle(tmp_path / "nothing").index(0) is None


@pytest.mark.skipif(not (FOLDER / "index.html").exists(), reason="the dashboard is not built")
def test_the_dashboard_needs_nothing_inline(served: Served) -> None:
    """X05: the page's scripts and styles are files of ours, as its CSP demands."""
    page = served.client.get("/").text
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page)
    assert not re.findall(r"(?:src|href)=\"(?:https?:)?//", page)
    for name in re.findall(r"(?:src|href)=\"\./(assets/[^\"]+)\"", page):
        answer = served.client.get(f"/{name}")
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        again = served.client.get(f"/{name}", headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304
