"""Write peira/lab/query/grammar.json, the table of the parser, from grammar.lark.

python tools/query_table.py
"""

from __future__ import annotations

from pathlib import Path

import msgspec
from lark import __version__
from lark.grammar import Rule
from lark.lexer import TerminalDef

from peira.lab.query import table

FOLDER = Path(__file__).resolve().parent.parent / "peira" / "lab" / "query"


class Nothing:
    """Stands for what works on the tokens, so that the table is built as it is used."""

    always_accept = ()


def main() -> None:
    grammar = (FOLDER / table.GRAMMAR).read_text("utf-8")
    parser = table.build_parser(grammar, None, Nothing())
    data, memo = parser.memo_serialize([TerminalDef, Rule])
    data["options"] |= {"transformer": None, "postlex": None}
    inner = data["parser"]["parser"]
    made = table.Table(
        lark=__version__,
        grammar=table.mark(grammar),
        memo=memo,
        tokens=inner.pop("tokens"),
        states=inner.pop("states"),
        data=data,
    )
    (FOLDER / table.TABLE).write_bytes(msgspec.json.encode(made) + b"\n")


if __name__ == "__main__":
    main()
