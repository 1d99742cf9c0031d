"""The table of the parser, made ahead: to read it takes a tenth of the time of building it.

`grammar.json` holds the table of `grammar.lark` as one version of Lark builds it;
`tools/query_table.py` writes it. It is data only. With another grammar or another Lark the parser
is built from the grammar, as if there were no table.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from lark import Lark

FOLDER: Final = "peira.lab.query"
GRAMMAR: Final = "grammar.lark"
TABLE: Final = "grammar.json"


class Table(msgspec.Struct, frozen=True):
    """A parser as data. Dictionaries by number stand apart, as JSON has no numbers for keys."""

    lark: str
    """The version that built it."""
    grammar: int
    """CRC-32 of the grammar."""
    memo: dict[int, Any]
    tokens: dict[int, str]
    states: dict[int, dict[int, Any]]
    data: dict[str, Any]


def load_parser(transformer: object, postlex: object) -> Lark:
    """Return the parser of the query language, from its table when that fits."""
    from lark import Lark, __version__

    folder = resources.files(FOLDER)
    grammar = folder.joinpath(GRAMMAR).read_text("utf-8")
    stored = folder.joinpath(TABLE)
    table = msgspec.json.decode(stored.read_bytes(), type=Table) if stored.is_file() else None
    if table is None or (table.lark, table.grammar) != (__version__, mark(grammar)):
        return build_parser(grammar, transformer, postlex)
    parser = table.data["parser"]["parser"]
    parser["tokens"], parser["states"] = table.tokens, table.states
    # What Lark's own stand-alone parsers call.
    load: Callable[..., Lark] = Lark._load_from_dict
    return load(table.data, table.memo, transformer=transformer, postlex=postlex)


def build_parser(grammar: str, transformer: object, postlex: object) -> Lark:
    """Return the parser, built from the text of its grammar."""
    from lark import Lark

    return Lark(
        grammar,
        parser="lalr",
        lexer="contextual",
        transformer=transformer,
        postlex=postlex,
        maybe_placeholders=False,
    )


def mark(grammar: str) -> int:
    """Return what tells one text of the grammar from another."""
    return zlib.crc32(grammar.encode())
