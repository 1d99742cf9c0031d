"""`peira data ls`, `show` and `log`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from peira.cli.format import ago, number, size
from peira.cli.group import Command
from peira.cli.session import Session, in_session, json_option, write_json
from peira.cli.table import Cell, Column, layout, pairs
from peira.cli.terminal import Terminal, terminal
from peira.core.text import printable

if TYPE_CHECKING:
    from peira.data.dataset import Dataset


@click.command(
    cls=Command,
    examples=[
        ("peira data ls", "every data set, its latest version"),
        ("peira data ls digits", "all versions of one"),
    ],
)
@click.argument("name", required=False, metavar="[NAME]")
@json_option
@in_session
def ls(session: Session, name: str | None, *, as_json: bool) -> None:
    """List the data sets of the lab, or the versions of NAME."""
    from peira.data.catalog import Catalog
    from peira.data.dataset import Dataset

    lab = session.lab()
    catalog = Catalog(lab.root, lab.journal)
    if name is None:
        found = [list(catalog.versions(known))[-1] for known in catalog.names()]
    else:
        catalog.find(name)
        found = list(catalog.versions(name.partition(":")[0]))
    rows = [_row(Dataset(lab.root, version), catalog) for version in found]
    if as_json:
        write_json(rows)
        return
    if not rows:
        click.echo("no data yet; put some under version with `peira data add PATH`")
        return
    columns = [
        Column("version"), Column("type"), Column("rows", right=True), Column("size", right=True),
        Column("created"), Column("by"), Column("from", shrinks=True), Column("aliases"),
    ]  # fmt: skip
    lines = [
        [
            Cell(row["ref"], "bold"), row["type"], number(row["rows"]), size(row["size"]),
            ago(row["created"]), row["by"], row["parent"] or row["source"],
            ", ".join(row["aliases"]),
        ]
        for row in rows
    ]  # fmt: skip
    for line in layout(columns, lines, terminal()).lines:
        click.echo(line)


def _row(dataset: Dataset, catalog: Any) -> dict[str, Any]:
    version, manifest = dataset.version, dataset.manifest
    aliases = [a for a, n in catalog.aliases(version.name).items() if n == version.number]
    return {
        "ref": version.ref, "name": version.name, "number": version.number, "type": manifest.type,
        "rows": manifest.rows, "size": manifest.size, "created": version.created,
        "by": version.by, "parent": version.parent, "source": version.source,
        "content": version.content, "aliases": sorted(aliases),
        "reference": None if dataset.reference is None else str(dataset.reference),
    }  # fmt: skip


@click.command(
    cls=Command,
    examples=[
        ("peira data show digits", "the latest version: columns, splits, who used it"),
        ("peira data show digits:v1 --json", "for programs"),
    ],
)
@click.argument("data", metavar="DATA")
@json_option
@in_session
def show(session: Session, data: str, *, as_json: bool) -> None:
    """Show a version: what it holds, where it is from, its splits, and the runs that used it."""
    import msgspec

    from peira.data.catalog import Catalog
    from peira.data.dataset import Dataset
    from peira.data.reference import parse
    from peira.lab.links import users

    lab = session.lab()
    dataset = Dataset(lab.root, parse(lab.root, data).version)
    row = _row(dataset, Catalog(lab.root, lab.journal))
    splits = _splits(dataset)
    met = users(lab, [dataset.version.manifest])
    runs = [
        {"id": one.id, "name": one.name, "role": one.role, "ref": one.path.rpartition("/")[0]}
        for one in met
    ]
    if as_json:
        columns = msgspec.to_builtins(dataset.schema)
        transform = msgspec.to_builtins(dataset.version.transform)
        write_json(row | {"columns": columns, "label": dataset.label, "splits": splits,
                          "transform": transform, "runs": runs})  # fmt: skip
        return
    out = terminal()
    facts = [
        ("type", row["type"]), ("rows", number(row["rows"])), ("size", size(row["size"])),
        ("content", row["content"]), ("created", ago(row["created"])), ("by", row["by"]),
        ("from", row["parent"] or row["source"]), ("aliases", ", ".join(row["aliases"])),
        ("refers to", row["reference"] or ""), ("note", dataset.version.note),
        ("made by", _made_by(dataset)),
    ]  # fmt: skip
    click.echo(out.paint(printable(row["ref"]), "bold"))
    for line in pairs([fact for fact in facts if fact[1]], out):
        click.echo(line)
    _section("columns", [_column_line(c, dataset.label) for c in dataset.schema], out)
    _section("splits", [(f"{s['split']}/{s['part']}", _part_line(s)) for s in splits], out)
    _section("runs", _met(runs, row["ref"]), out)


def _met(runs: list[dict[str, Any]], ref: str) -> list[tuple[str, str]]:
    """Return a line a run and role, with the parts that it used."""
    parts: dict[tuple[str, str, str], list[str]] = {}
    for run in runs:
        part = run["ref"].removeprefix(ref).removeprefix(":")
        parts.setdefault((run["id"], run["name"], run["role"]), []).append(part)
    return [
        (name, f"{role} {', '.join(sorted(filter(None, found)))}".rstrip())
        for (_, name, role), found in parts.items()
    ]


def _made_by(dataset: Dataset) -> str:
    made = dataset.version.transform
    if made is None:
        return ""
    params = ", ".join(f"{name}={value}" for name, value in made.params.items())
    return f"{made.name}({params})"


def _column_line(column: Any, label: str | None) -> tuple[str, str]:
    import numpy as np

    shape = " x ".join(map(str, column.shape))
    kind = column.dtype if column.dtype in ("text", "json") else np.dtype(column.dtype).name
    told = f"{kind}{f' {shape}' if shape else ''}"
    return column.name, told + (", the label" if column.name == label else "")


def _splits(dataset: Dataset) -> list[dict[str, Any]]:
    from peira.data import sealed, splits
    from peira.data.catalog import Catalog
    from peira.data.reference import count_rows

    if dataset.manifest.ids is None:  # a plain folder
        return []
    every = [
        splits.read(dataset.root, owner, name)
        for owner in Catalog(dataset.root).ancestry(dataset.version)
        for name in splits.listed(dataset.root, owner)
    ]
    return [
        {"dataset": split.dataset, "split": split.name, "part": part, "rows": rows.seen,
         "withheld": rows.withheld, "kind": split.kind, "seed": split.seed,
         "sealed": sealed.seal_of(dataset.root, split, part) is not None}
        for split, counts in zip(every, count_rows(dataset, every), strict=True)
        for part, rows in counts.items()
    ]  # fmt: skip


def _part_line(part: dict[str, Any]) -> str:
    seed = "" if part["seed"] is None else f", seed {part['seed']}"
    return (
        f"{number(part['rows'])} rows, {part['kind']}{seed}, of {part['dataset']}"
        + (", sealed hold-out" if part["sealed"] else "")
        + (f", {number(part['withheld'])} more in a sealed hold-out" if part["withheld"] else "")
    )


def _section(title: str, items: list[tuple[str, str]], out: Terminal) -> None:
    if items:
        click.echo(out.paint(title, "bold"))
        for line in pairs(items, out):
            click.echo(line)


@click.command(
    cls=Command,
    examples=[("peira data log digits:v3", "the version, its parent, the parent of that, …")],
)
@click.argument("data", metavar="DATA")
@json_option
@in_session
def log(session: Session, data: str, *, as_json: bool) -> None:
    """Show where a version comes from: its parents, and the transforms between them."""
    import msgspec

    from peira.data.catalog import Catalog

    lab = session.lab()
    catalog = Catalog(lab.root, lab.journal)
    chain = [catalog.find(data)]
    while (above := catalog.parent_of(chain[-1])) is not None and len(chain) < 100:
        chain.append(above)
    if as_json:
        write_json([msgspec.to_builtins(one) for one in chain])
        return
    out = terminal()
    for one in chain:
        how = "added"
        if one.transform is not None:
            params = ", ".join(f"{k}={v}" for k, v in one.transform.params.items())
            how = f"made by {one.transform.name}({params}) from {one.parent}"
        origin = f" from {one.source}" if one.transform is None and one.source else ""
        click.echo(
            f"{out.paint(printable(one.ref), 'bold')}  {printable(how)}{printable(origin)},"
            f" {ago(one.created)}, by {printable(one.by)}"
            f"{', removed since' if catalog.is_removed(one) else ''}"
        )
