"""XML from strangers as a tree: no document types, hence no entities; bounded depth and size."""

from __future__ import annotations

from pathlib import Path
from xml.parsers import expat

import msgspec

from peira.core.errors import UsageError

DEPTH_MAX = 64
ELEMENTS_MAX = 4_000_000


class Element(msgspec.Struct, kw_only=True):
    """An element with its attributes, text, children, and line in the file."""

    tag: str
    attributes: dict[str, str]
    line: int
    text: str = ""
    children: list[Element] = msgspec.field(default_factory=list)

    def all(self, tag: str) -> list[Element]:
        """Return the children of a tag."""
        return [child for child in self.children if child.tag == tag]

    def find(self, path: str) -> str:
        """Return the text of the first element at `a/b/c` below; empty when there is none."""
        tag, _, rest = path.partition("/")
        for child in self.all(tag):
            return child.find(rest) if rest else child.text.strip()
        return ""


def parse(data: bytes, path: Path) -> Element:
    """Return the top element.

    Raises:
        UsageError: it is no XML, declares a document type or entities, or is too deep or large.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    top = Element(tag="", attributes={}, line=0)
    stack, texts = [top], [list[str]()]
    count = 0

    def refuse(*_what: object) -> None:
        raise UsageError(
            f"{path} declares a document type, by which a file can grow without bound or name"
            " other files.",
            hint="Remove its <!DOCTYPE …>.",
        )

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if len(stack) > DEPTH_MAX or count > ELEMENTS_MAX:
            raise UsageError(
                f"{path} has more than {ELEMENTS_MAX} elements, or {DEPTH_MAX} in each other."
            )
        made = Element(tag=tag, attributes=attributes, line=parser.CurrentLineNumber)
        stack[-1].children.append(made)
        stack.append(made)
        texts.append([])

    def end(_tag: str) -> None:
        stack.pop().text = "".join(texts.pop())

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = lambda text: texts[-1].append(text)
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError, ValueError) as error:  # LookupError: unknown encoding
        raise UsageError(f"{path} cannot be read as XML: {error!s:.200}.") from error
    return top.children[0]
