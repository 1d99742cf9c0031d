"""`peira data add` and `peira data transform`: new versions."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from peira.cli.format import number, size
from peira.cli.group import Command
from peira.cli.session import Session, in_session, json_option, write_json
from peira.core.text import printable

if TYPE_CHECKING:
    from peira.data.add import Added
    from peira.data.catalog import Version
    from peira.data.intake import Taken

PROGRESS_FILES_MIN = 500
PROGRESS_BYTES_MIN = 64 << 20


@click.command(
    cls=Command,
    examples=[
        ("peira data add digits.parquet", "a table in a file, as the data set `digits`"),
        (
            "peira data add photos/ --name pets",
            "a folder; pictures in folders have these as labels",
        ),
        ("peira data add train.csv --name sales --label price", "says what is to be predicted"),
        ("peira data add /big/archive --reference", "keeps digests only; checked when used"),
        ("peira data add https://example.org/iris.csv", "fetches it first"),
    ],
)
@click.argument("place", metavar="PATH|URL")
@click.option("--name", metavar="NAME", help="The data set.  [default: the file's name]")
@click.option(
    "--type",
    "kind",
    metavar="TYPE",
    help="folder, image-folder, csv, parquet, jsonl, npz, arrow or text.  [default: by the names"
    " of the files]",
)
@click.option("--label", metavar="COLUMN", help="The column that is to be predicted.")
@click.option(
    "--reference", is_flag=True, help="Leave the bytes where they are; keep only their digests."
)
@click.option("--note", default="", metavar="TEXT", help="A note for people.")
@click.option("--alias", metavar="ALIAS", help="Let NAME:ALIAS mean this version from now on.")
@json_option
@in_session
def add(
    session: Session,
    place: str,
    *,
    name: str | None,
    kind: str | None,
    label: str | None,
    reference: bool,
    note: str,
    alias: str | None,
    as_json: bool,
) -> None:
    """Put the file or folder PATH, or the file at URL, under version.

    Content that is there already keeps its version; of a folder only new files are stored.
    """
    from peira.core.errors import UsageError
    from peira.data.add import TYPES, Facts, add_path
    from peira.lab.lab import Lab

    if kind is not None and kind not in TYPES:
        raise UsageError(f"{kind!r} is no type of data.", hint=f"Use {', '.join(TYPES)}.")
    with Lab(session.place) as lab, _found(lab.root, place, reference) as (path, source):
        with _Bar("adding") as bar:
            added = add_path(
                lab.root,
                name or _name_of(path),
                path,
                type=kind,
                label=label,
                is_reference=reference,
                facts=Facts(source=source, note=note),
                on_progress=bar.told,
            )
        _let_mean(lab.root, added.version, alias)
        tell_added(lab.root, added, as_json)


@contextmanager
def _found(root: Path, place: str, is_reference: bool) -> Iterator[tuple[Path, str]]:
    """Return where the bytes are, and where they are from; of an address they are fetched."""
    from peira.core.errors import UsageError
    from peira.data.download import download, is_url

    if not is_url(place):
        yield Path(place), place
        return
    if is_reference:
        raise UsageError("A version cannot refer to an address.", hint="Leave --reference away.")
    bar = _Bar("fetching")
    with download(root, place, bar.told) as found:
        bar.__exit__()
        yield found.path, found.source


@click.command(
    cls=Command,
    examples=[
        ("peira data transform prepare.py:normalised digits", "the next version of `digits`"),
        (
            "peira data transform prepare.py:clean digits:v1 --name digits-clean --param cut=0.5",
            "under another name, with a parameter",
        ),
        (
            "peira data transform prepare.py:normalised digits --alias normalised",
            "`digits:normalised` means it from now on",
        ),
    ],
)
@click.argument("function", metavar="FILE.py:FUNCTION")
@click.argument("source", metavar="DATA")
@click.option("--name", metavar="NAME", help="The data set to make.  [default: that of DATA]")
@click.option(
    "--param", "params", multiple=True, metavar="NAME=VALUE", help="An argument of the function."
)
@click.option("--alias", metavar="ALIAS", help="Let NAME:ALIAS mean this version from now on.")
@click.option(
    "--new-rows/--same-rows", default=None,
    help="Rows come out in another order and get new ids, or keep those of their parents."
    "  [default: these, if as many come out]",
)  # fmt: skip
@json_option
@in_session
def transform(
    session: Session,
    function: str,
    source: str,
    *,
    name: str | None,
    params: tuple[str, ...],
    alias: str | None,
    new_rows: bool | None,
    as_json: bool,
) -> None:
    """Make a version of what FUNCTION makes of DATA, and record parent, code and parameters.

    The function takes a data set and returns arrays by name, a DataFrame or a path.
    """
    from peira.cli.owncode import load, own_code, refuse_arguments
    from peira.data.add import Added
    from peira.data.transform import derive, parent_of

    lab = session.lab()
    parent, called, given = parent_of(lab.root, source), load(function), _params(params)
    refuse_arguments(called, parent, **given)
    with own_code(function):
        made = derive(
            parent,
            called,
            given,
            name=name,
            keeps_rows=None if new_rows is None else not new_rows,
        )
    _let_mean(lab.root, made.version, alias)
    tell_added(lab.root, Added(made.version, True), as_json)


def _let_mean(root: Path, version: Version, alias: str | None) -> None:
    from peira.data.catalog import Catalog

    if alias is not None:
        Catalog(root).set_alias(version, alias)


class _Bar:
    """A progress bar on a terminal, with counts, once there is enough to wait for."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._bar: Any = None
        self._files = ""

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._bar is not None:
            self._bar.render_finish()

    def told(self, taken: Taken) -> None:
        """Show how many files and bytes are done."""
        if taken.files_all < PROGRESS_FILES_MIN and taken.bytes_all < PROGRESS_BYTES_MIN:
            return
        self._files = (
            f"{number(taken.files)} of {number(taken.files_all)} files,"
            f" {size(taken.bytes)} of {size(taken.bytes_all)}"
        )
        if self._bar is None:
            self._bar = click.progressbar(
                length=max(1, taken.bytes_all), label=self._label, file=sys.stderr,
                item_show_func=lambda _item: self._files, show_pos=False,
            )  # fmt: skip
        # An item makes the bar draw its text; files of no bytes move it by nothing.
        self._bar.update(taken.bytes - int(self._bar.pos), taken)


def _name_of(path: Path) -> str:
    import re

    name = path.resolve().name
    for suffix in (".gz", path.suffix):
        name = name.removesuffix(suffix) if path.is_file() else name
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name.partition(".")[0] or name).strip("-._") or "data"


def _params(given: tuple[str, ...]) -> dict[str, Any]:
    import ast

    found: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            raise click.UsageError(f"{text!r} is no parameter; write NAME=VALUE.")
        try:
            found[name] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            found[name] = value
    return found


def tell_added(root: Path, added: Added, as_json: bool) -> None:
    """Print what adding came to."""
    import msgspec

    from peira.data.dataset import Dataset

    version = added.version
    manifest = Dataset(root, version).manifest
    if as_json:
        write_json(
            {
                "is_new": added.is_new,
                "rows": manifest.rows,
                "size": manifest.size,
                "left_out": list(added.left_out),
                "strays": list(added.strays),
                **msgspec.to_builtins(version),
            }
        )
        return
    what = f"{number(manifest.rows)} {'rows' if manifest.ids else 'files'}, {size(manifest.size)}"
    if added.is_new:
        click.echo(f"{printable(version.ref)}: {what}")
    else:
        click.echo(f"{printable(version.ref)} has this content already: {what}")
    if added.strays:
        told = ", ".join(map(printable, added.strays[:3]))
        click.echo(
            f"warning: a plain folder without rows, labels and splits, for {told} is no picture;"
            " take it out to add a folder of pictures",
            err=True,
        )
    if added.left_out:
        count = f"{number(len(added.left_out))} link{'s' if len(added.left_out) > 1 else ''}"
        told = ", ".join(map(printable, added.left_out[:3]))
        click.echo(
            f"{count} that lead out of the folder, to folders or to nothing, are not in it: {told}",
            err=True,
        )
