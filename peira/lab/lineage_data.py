"""What data versions were made from, as nodes of a lineage: version to version, to the file."""

from __future__ import annotations

from pathlib import Path

import msgspec

from peira.core.errors import DamagedError
from peira.lab.gc import DATASETS
from peira.lab.lineage_graph import Graph, LineageNode, artifact_node
from peira.record.events import Artifact, File

DATASET = "dataset"
"""The type of the artifacts that are data versions, named `digits:v3` or `digits:v3:main/train`."""


class _Version(msgspec.Struct):
    """The parts of a version's record that tell where it is from; see `peira.data.catalog`."""

    created: float
    manifest: str
    source: str = ""
    parent: str | None = None


def name_part(node: LineageNode, artifact: Artifact) -> None:
    """Name on the node of a version one more part of it that was used."""
    version = ":".join(artifact.name.split(":")[:2])
    first, *more = node.name.split(", ")
    part = artifact.name.removeprefix(version).removeprefix(":")
    is_same = artifact.type == DATASET and first.startswith(version)
    if is_same and part and part not in (first.removeprefix(f"{version}:"), *more):
        node.name = f"{node.name}, {part}"


def attach_versions(root: Path, graph: Graph) -> None:
    """Attach to each data version that was used, and that no known run made, what it was made from:
    its parents, and the file that the first of them was added from.

    Raises:
        DamagedError: the record of a version cannot be read.
    """
    for node in list(graph.nodes.values()):
        if node.type == DATASET and node.depth < 0 and node.run is None:
            _climb(root, graph, node)


def _climb(root: Path, graph: Graph, node: LineageNode) -> None:
    seen = set()
    ref = ":".join(node.name.split(", ")[0].split(":")[:2])
    version = _read(root, ref)
    while version is not None and ref not in seen:
        seen.add(ref)
        if version.parent is None:
            if version.source:
                source = LineageNode(
                    id=f"source:{ref}", kind="file", name=version.source, depth=node.depth - 1
                )
                graph.attach(node.id, "up", source, "derived")
            return
        ref = ":".join(version.parent.split(":")[:2])
        version = _read(root, ref)
        above = _node(ref, version, node.depth - 1)
        if not graph.attach(node.id, "up", above, "derived"):
            return
        node = graph.nodes[above.id]


def _node(ref: str, version: _Version | None, depth: int) -> LineageNode:
    if version is None:  # made in another lab
        return LineageNode(id=f"data:{ref}", kind="artifact", name=ref, depth=depth, type=DATASET)
    made = Artifact(
        time=version.created, name=ref, type=DATASET, role="used",
        files=[File("manifest.json", version.manifest, 0)], metadata={"content": ""},
    )  # fmt: skip
    return artifact_node(made, depth, None)


def _read(root: Path, ref: str) -> _Version | None:
    """Return the record of `name:vN`, also when it was removed since; None when it is not here."""
    name, _, number = ref.partition(":")
    path = root / DATASETS / name / f"{number}.json"
    if path.parent.parent != root / DATASETS or not number[1:].isdecimal():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Version)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        raise DamagedError(f"{path} cannot be read: {error!s:.200}") from error
