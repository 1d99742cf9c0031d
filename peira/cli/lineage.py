"""`peira lineage`: what a run comes from and what came of it, as a tree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from peira.cli.format import size
from peira.cli.group import Command
from peira.cli.session import Session, in_session, json_option, run_argument, write_json
from peira.cli.terminal import STATE_STYLE, Terminal, terminal
from peira.core.text import printable

if TYPE_CHECKING:
    from peira.lab.lab import Lab
    from peira.lab.lineage_graph import Lineage, LineageNode, Side

# How what is below a line of the tree relates to it.
_UP = {
    "read": "read", "may-read": "may have read", "used": "used",
    "wrote": "written by", "made": "made by", "saved": "saved by",
    "resumed": "goes on from", "rerun": "runs again", "repeat": "repeats", "part": "is a part of",
    "derived": "made from",
}  # fmt: skip
_DOWN = {
    "read": "read by", "may-read": "may have been read by", "used": "used by",
    "wrote": "wrote", "made": "made", "saved": "saved",
    "resumed": "gone on from by", "rerun": "run again as", "repeat": "repeated as",
    "part": "has the part", "derived": "made into",
}  # fmt: skip
_TITLES = {"up": "comes from", "down": "what came of it"}


@click.command(
    cls=Command,
    examples=[
        ("peira lineage brisk-otter", "both directions"),
        ("peira lineage brisk-otter --up", "which data, runs and checkpoints it comes from"),
        ("peira lineage brisk-otter --down", "who used what it made"),
        ("peira lineage figure6.png", "which run wrote this very file, and from what"),
        ("peira lineage brisk-otter --json | jq .edges", "for programs"),
    ],
)
@run_argument
@click.option("--up", "side", flag_value="up", help="Only what it comes from.")
@click.option("--down", "side", flag_value="down", help="Only what came of it.")
@click.option(
    "--depth",
    type=click.IntRange(1, 100),
    metavar="N",
    default=10,
    show_default=True,
    help="Generations of runs in each direction.",
)
@json_option
@in_session
def lineage(session: Session, run: str, *, side: str | None, depth: int, as_json: bool) -> None:
    """Show what RUN comes from, and what came of it: data, runs, artifacts, checkpoints.

    A file that one run wrote and another read is known by its content, whatever its path. The path
    of a file in place of RUN means the latest run that wrote, or made, a file of this content.
    """
    sides: tuple[Side, ...] = ("up", "down")
    if side is not None:
        sides = ("up",) if side == "up" else ("down",)
    lab = _open(session, run)
    found = lab.lineage(_run_meant(lab, run), sides=sides, depth=depth)
    if as_json:
        import msgspec

        write_json(msgspec.to_builtins(found))
        return
    out = terminal()
    click.echo(_text(found.nodes[0], out))
    for one in sides:
        click.echo()
        lines = list(_Tree(found, one, out).lines())
        click.echo(out.paint(_TITLES[one] if lines else f"{_TITLES[one]}: nothing known", "bold"))
        for line in lines:
            click.echo(line)


def _open(session: Session, text: str) -> Lab:
    """Return the lab that is meant: where none is here, that of the file which `text` names."""
    from peira.core.settings import read_settings
    from peira.record.folder import find_lab

    path = Path(text)
    if session.place is None and not read_settings().lab and path.is_file():
        beside = find_lab(path.absolute().parent)
        if beside.is_dir() and not find_lab().is_dir():
            session.place = str(beside)
    return session.lab()


def _run_meant(lab: Lab, text: str) -> str:
    """Return the run that is meant: of the path of a file, the latest that wrote its content."""
    from peira.core.errors import AmbiguousError, NotFoundError

    path = Path(text)
    if path.is_file():
        return _written_by(lab, path)
    try:
        return lab.find(text).id
    except AmbiguousError:
        raise
    except NotFoundError as error:
        if not path.suffix and "/" not in text:
            raise
        what = "is a folder" if path.is_dir() else "is not there"
        raise NotFoundError(
            f"There is no run {printable(text)} in {lab.root}, and the file"
            f" {printable(str(path.absolute()))} {what}.",
            suggestions=error.suggestions,
            hint=_hint_of_name(lab, path.name) or "Name a run (peira ls), or the path of a file.",
        ) from error


def _written_by(lab: Lab, path: Path) -> str:
    from blake3 import blake3

    from peira.core.errors import NotFoundError
    from peira.lab.links import users

    digest = blake3().update_mmap(path).hexdigest()
    found = users(lab, [digest], ["output", "made"])
    if not found:
        where = f"{printable(str(path.absolute()))} holds ({digest[:12]})"
        if users(lab, [digest]):
            hint = "Runs read it: it is an input."
        else:
            hint = "It was changed since, was written where runs are not watched, or is of another"
            hint += f" lab (--lab). {_hint_of_name(lab, path.name)}".rstrip()
        raise NotFoundError(f"No run of {lab.root} wrote what {where}.", hint=hint)
    others = len({one.id for one in found}) - 1
    if others:
        what = "1 earlier run" if others == 1 else f"{others} earlier runs"
        click.echo(f"{what} wrote the same content", err=True)
    return found[0].id


def _hint_of_name(lab: Lab, name: str) -> str:
    """Return which run wrote a file of that name last, as a hint; empty when there is none."""
    from peira.lab.links import writers

    found = writers(lab, name)
    if not found:
        return ""
    return f"{found[0].name} wrote {printable(found[0].path)}: peira lineage {found[0].id}"


class _Tree:
    """One direction of a lineage. A node that was shown is not opened again."""

    def __init__(self, found: Lineage, side: Side, out: Terminal) -> None:
        self._root = found.nodes[0]
        self._side = side
        self._words = _UP if side == "up" else _DOWN
        self._out = out
        self._opened: set[str] = set()
        nodes = {node.id: node for node in found.nodes}
        self._next: dict[str, list[tuple[str, LineageNode]]] = {}
        for edge in found.edges:
            near, far = edge.target, edge.source
            if side == "down":
                near, far = far, near
            self._next.setdefault(near, []).append((edge.kind, nodes[far]))
        for there in self._next.values():
            there.sort(key=lambda item: _order(item[1]))

    def lines(self) -> Iterator[str]:
        """Yield the lines below the root."""
        yield from self._below(self._root, "")

    def _below(self, node: LineageNode, indent: str) -> Iterator[str]:
        self._opened.add(node.id)
        there = self._next.get(node.id, [])
        more = node.more_up if self._side == "up" else node.more_down
        for n, (kind, other) in enumerate(there):
            is_last = n == len(there) - 1 and not more
            again = other.id in self._opened and bool(self._next.get(other.id))
            text = f"{self._out.paint(self._words[kind], 'dim')} {_text(other, self._out)}"
            yield f"{indent}{'└─ ' if is_last else '├─ '}{text}{' (above)' if again else ''}"
            if not again:
                yield from self._below(other, indent + ("   " if is_last else "│  "))
        if more:
            yield indent + self._out.paint(f"└─ … {more} more or deeper", "dim")


def _order(node: LineageNode) -> tuple[int, int, float, str]:
    """Sort data first, then what was made, then runs; each by step, time or name."""
    kind = ("file", "artifact", "checkpoint", "run").index(node.kind)
    return kind, node.step or 0, node.created or 0.0, node.name


def _text(node: LineageNode, out: Terminal) -> str:
    name = printable(node.name)
    if node.kind == "run":
        if not node.known:
            return f"{name} {out.paint('not in this lab', 'yellow')}"
        state = out.paint(node.state or "", STATE_STYLE.get(node.state or "", ""))
        gone = out.paint(" removed", "dim") if node.deleted else ""
        return f"{out.paint(name, 'bold')} {node.run} {state}{gone}"
    if node.kind == "artifact":
        facts = node.type or ""
        if node.files is not None:
            plural = "s" if node.files != 1 else ""
            facts += f", {node.files} file{plural}, {size(node.size or 0)}"
        return f"{name} {out.paint(f'({printable(facts)})', 'dim')}"
    if node.kind == "checkpoint":
        facts = size(node.size or 0) if node.kept else "dropped since"
        return f"{name} {out.paint(f'({facts})', 'dim')}"
    return name if node.digest is None else f"{name} {out.paint(f'({node.digest[:8]})', 'dim')}"
