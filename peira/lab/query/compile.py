"""From the records of a query to SQL with bound parameters; no text of a query ever becomes SQL
text.

    filter                      SQL
    lr > 0.1                    run.n IN (SELECT run FROM attribute WHERE key = :k AND …)
    a and (b or not c)          a AND (b OR NOT c)
    deep and wide parts         WITH q0 AS (SELECT n FROM run WHERE …) … run.n IN (SELECT n FROM q0)

`attribute` and `metric` are clustered by (key, run), so each condition reads one range. SQLite's
parser holds about 30 levels of parentheses and 1,000 terms, so parts beyond `_DEPTH_MAX` and
`_WIDTH_MAX` get a name of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Select,
    and_,
    column,
    func,
    not_,
    or_,
    select,
    table,
)

from peira.core.errors import QueryError
from peira.core.ids import is_run_id
from peira.lab.index import schema
from peira.lab.query import ast, moments, pattern, value
from peira.lab.query.catalog import Catalog, Field
from peira.lab.query.several import among

_DEPTH_MAX = 6
_WIDTH_MAX = 64


class Selection(NamedTuple):
    """A compiled filter: a condition on `run`, and the named parts that a statement must carry
    (`add_cte`).
    """

    condition: ColumnElement[bool] | None
    parts: tuple[CTE, ...]

    def apply(self, statement: Select[Any]) -> Select[Any]:
        """Return `statement` (which selects from `run`) with the filter."""
        if self.condition is None:
            return statement
        return statement.add_cte(*self.parts).where(self.condition)


def compile_filter(node: ast.Node | None, catalog: Catalog) -> Selection:
    """Compile a filter for the index behind `catalog`.

    Raises:
        QueryError: a name is not known or fits twice, or a value does not fit its field.
    """
    if node is None:
        return Selection(None, ())
    compiler = _Compiler(catalog)
    catalog.numbers(_names(node))
    return Selection(compiler.condition(node, 0), tuple(compiler.parts))


def _names(node: ast.Node) -> list[str]:
    if isinstance(node, ast.All | ast.Any):
        return [name for part in node.parts for name in _names(part)]
    if isinstance(node, ast.Not):
        return _names(node.part)
    if isinstance(node, ast.Compare | ast.Within | ast.OneOf | ast.Missing):
        return [node.name.key]
    return []


class _Compiler:
    """Compiles one filter, collecting the named parts."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.parts: list[CTE] = []

    def condition(self, node: ast.Node, depth: int) -> ColumnElement[bool]:
        if isinstance(node, ast.All | ast.Any):
            return self._joined(node, depth)
        if isinstance(node, ast.Not):
            return not_(self.condition(node.part, depth + 1))
        if isinstance(node, ast.Compare):
            return self._compare(node)
        if isinstance(node, ast.Within):
            return self._field(node.name, (node.low, node.high), "..")
        if isinstance(node, ast.OneOf):
            return self._field(node.name, node.values, "in")
        if isinstance(node, ast.Missing):
            return self._missing(node.name)
        if isinstance(node, ast.Tagged):
            return self._tagged(schema.tag.c.name == node.tag)
        if isinstance(node, ast.PlainWord):
            return self._word(node.word)
        if isinstance(node, ast.Alive):
            return schema.run.c.state == "running"
        return schema.run.c.created >= moments.since_s(node.moment, self.catalog.now_s)

    def _joined(self, node: ast.All | ast.Any, depth: int) -> ColumnElement[bool]:
        join = and_ if isinstance(node, ast.All) else or_
        inner = 0 if depth >= _DEPTH_MAX else depth + 1
        terms = [self.condition(part, inner) for part in node.parts]
        while len(terms) > _WIDTH_MAX:
            chunks = [terms[i : i + _WIDTH_MAX] for i in range(0, len(terms), _WIDTH_MAX)]
            terms = [self._named(join(*chunk)) for chunk in chunks]
        joined = join(*terms)
        return self._named(joined) if depth >= _DEPTH_MAX else joined

    def _named(self, condition: ColumnElement[bool]) -> ColumnElement[bool]:
        name = f"q{len(self.parts)}"
        run = schema.run
        self.parts.append(select(run.c.n).where(condition).cte(name))
        # By name, not by object: SQLAlchemy then never walks from part to part, which would be
        # deep again.
        return run.c.n.in_(select(column("n", Integer)).select_from(table(name)))

    def _compare(self, node: ast.Compare) -> ColumnElement[bool]:
        if node.operator in {"~", "!~"}:
            found = self._matching(node.name, node.value)
            if node.operator == "~":
                return found
            return and_(not_(self._missing(node.name)), not_(found))
        return self._field(node.name, (node.value,), node.operator)

    def _field(
        self, name: ast.Name, values: Sequence[ast.Literal], operator: str
    ) -> ColumnElement[bool]:
        """The field against values: one with a comparison, two with `..`, any number with `in`."""
        field = self.catalog.resolve(name)
        run = schema.run
        if field.kind == "run":
            return self._run_field(field, values, operator)
        if field.kind == "param":
            row = schema.attribute
            if operator == "in":
                test = value.param_among(values)
            else:
                test = _spread(value.compare_param, values, operator)
            return run.c.n.in_(select(row.c.run).where(row.c.key == field.n, test))
        if field.kind == "metric":
            row = schema.metric
            aggregate = value.aggregate_of(field, self.catalog, name)
            summary = value.Summary(row, aggregate)
            if operator == "in":
                test = summary.among(values)
            else:
                test = _spread(summary.compare, values, operator)
            return run.c.n.in_(select(row.c.run).where(row.c.key == field.n, test))
        if field.kind == "tag":
            raise QueryError(
                "Tags are not compared with < or >.", position=name.position, length=name.length
            )
        return value.never()

    def _run_field(
        self, field: Field, values: Sequence[ast.Literal], operator: str
    ) -> ColumnElement[bool]:
        def test(sign: str, wanted: ast.Literal) -> ColumnElement[bool]:
            return value.compare_run(field, sign, wanted, self.catalog)

        if operator != "in":
            return _spread(test, values, operator)
        if field.type in {"text", "state"}:
            for wanted in values:
                test("=", wanted)  # tells a state that does not exist
            column = schema.run.c[field.key]
            return and_(column.is_not(None), column.in_([v.spelled for v in values]))
        terms = [test("=", v) for v in values]
        parts = [terms[i : i + _WIDTH_MAX] for i in range(0, len(terms), _WIDTH_MAX)]
        if len(parts) == 1:
            return or_(*terms)
        return or_(*(self._named(or_(*part)) for part in parts))

    def _missing(self, name: ast.Name) -> ColumnElement[bool]:
        field = self.catalog.resolve(name)
        run = schema.run
        if field.kind == "run":
            return run.c[field.key].is_(None)
        if field.kind == "tag":
            return not_(run.c.n.in_(select(schema.tag.c.run)))
        if field.kind == "unknown":
            return not_(value.never())
        row = schema.attribute if field.kind == "param" else schema.metric
        present = select(row.c.run).where(row.c.key == field.n)
        if field.kind == "metric":
            aggregate = value.aggregate_of(field, self.catalog, name)
            if aggregate in {"min", "max", "mean", "min_step", "max_step"}:
                present = present.where(row.c[aggregate].is_not(None))
        return not_(run.c.n.in_(present))

    def _matching(self, name: ast.Name, wanted: ast.Literal) -> ColumnElement[bool]:
        field = self.catalog.resolve(name)
        if wanted.kind == "number" and field.kind != "param":
            wanted = msgspec.structs.replace(wanted, value=wanted.text)
        run = schema.run
        if field.kind == "run":
            texts = value.text_column(field)
            if texts is None:
                value.refuse_pattern(name)
            question = select(texts).where(texts.is_not(None))
            if self.catalog.project is not None:
                question = question.where(run.c.project == self.catalog.project)
            return and_(texts.is_not(None), self._among(texts, question, wanted))
        if field.kind == "param":
            row = schema.attribute
            own = row.c.key == field.n
            found = self._among(row.c.text, select(row.c.text).where(own), wanted)
            return run.c.n.in_(select(row.c.run).where(own, found))
        if field.kind == "tag":
            tag = schema.tag.c.name
            return self._tagged(self._among(tag, select(tag), wanted))
        if field.kind == "metric":
            value.refuse_pattern(name)
        pattern.matching(wanted, ())
        return value.never()

    def _among(
        self, texts: ColumnElement[str], question: Select[Any], wanted: ast.Literal
    ) -> ColumnElement[bool]:
        found = pattern.matching(wanted, self.catalog.texts(question))
        return among(texts, found)

    def _tagged(self, condition: ColumnElement[bool]) -> ColumnElement[bool]:
        return schema.run.c.n.in_(select(schema.tag.c.run).where(condition))

    def _word(self, word: str) -> ColumnElement[bool]:
        run = schema.run
        if word.isascii():
            found: ColumnElement[bool] = func.instr(func.lower(run.c.name), word.lower()) > 0
        else:
            # SQLite folds ASCII only.
            names = self.catalog.texts(select(run.c.name))
            folded = [name for name in names if word.casefold() in name.casefold()]
            found = among(run.c.name, folded)
        return or_(found, run.c.id == word) if is_run_id(word) else found


def _spread(test: Any, values: Sequence[ast.Literal], operator: str) -> ColumnElement[bool]:
    """One test for a comparison, two for a range."""
    condition: ColumnElement[bool]
    if operator == "..":
        condition = and_(test(">=", values[0]), test("<=", values[1]))
    else:
        condition = test(operator, values[0])
    return condition
