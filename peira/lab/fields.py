"""Names that a query can use, and what could be typed next."""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    case,
    exists,
    func,
    not_,
    select,
)

from peira.lab.index import schema
from peira.lab.query.catalog import ALIASES, RUN_FIELDS, STATES
from peira.lab.query.names import AGGREGATES, read_name, split_aggregate, write_name
from peira.lab.query.parse import parse
from peira.lab.query.several import among
from peira.lab.rows import select_numbers

COMPLETIONS_MAX = 50
EXAMPLES_MAX = 5
EXAMPLE_ROWS = 50
_SEARCHED_MAX = 5_000

FieldKind = Literal["run", "param", "metric", "tag"]

_TOKEN = re.compile(
    r"""\s+|"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|(?:\w+\.)?`[^`]*`?(?:\.\w*)?"""
    r"""|==|!=|>=|<=|!~|\.\.|[=<>~(),-]|[\w](?:[\w/-]|\.(?!\.))*|."""
)
_OPERATORS = ("=", "==", "!=", "<", "<=", ">", ">=", "~", "!~")


class KnownField(msgspec.Struct, frozen=True):
    """A name as a query writes it. `runs` counts the runs that have it; `examples` are values."""

    name: str
    kind: FieldKind
    type: str
    runs: int
    examples: list[str] = []


class Completion(msgspec.Struct, frozen=True):
    """Something that could be typed: `insert` replaces the characters from `start` to `end`."""

    insert: str
    label: str
    kind: str
    detail: str
    start: int
    end: int


def list_fields(connection: Connection, project: str | None = None) -> list[KnownField]:
    """Return run fields, then params, metrics and tags, each by name."""
    run = schema.run.c
    scope = [run.deleted == 0] + ([] if project is None else [run.project == project])
    runs = int(connection.execute(select(func.count()).where(*scope)).scalar_one())
    fields = [KnownField(name, "run", type_, runs) for name, type_ in RUN_FIELDS.items()]
    taken = {*RUN_FIELDS, *ALIASES, "tags"}
    key, row, metric, tag = schema.key.c, schema.attribute.c, schema.metric.c, schema.tag.c
    params: dict[int, tuple[str, set[str], int]] = {}
    names = dict(connection.execute(select(key.n, key.name)).all())

    def count(table: Table, *columns: ColumnElement[Any]) -> list[Any]:
        question = select(*columns, func.count()).select_from(table).group_by(*columns)
        scoped = _in_scope(question, table.c.run, connection, project)
        return list(connection.execute(scoped).all())

    for n, type_, number in count(schema.attribute, row.key, row.type):
        _, types, before = params.get(n, ("", set(), 0))
        params[n] = (names[n], types | {type_}, before + number)
    metrics = [(names[n], number) for n, number in count(schema.metric, metric.key)]
    tags = count(schema.tag, tag.name)
    both = {name for name, _, _ in params.values()} & {name for name, _ in metrics}
    for n, (name, types, number) in sorted(params.items(), key=lambda item: item[1][0]):
        written = write_name(name, "params" if name in both or name in taken else None)
        fields.append(KnownField(written, "param", _type(types), number, _examples(connection, n)))
    for name, number in sorted(metrics):
        written = write_name(name, "metrics" if name in both or name in taken else None)
        fields.append(KnownField(written, "metric", "number", number))
    fields += [KnownField(name, "tag", "tag", number) for name, number in sorted(tags)]
    return fields


def list_metrics(connection: Connection, project: str | None = None) -> list[tuple[str, int]]:
    """Return (key, number of runs) of the metrics of a project, sorted by key."""
    key, metric = schema.key.c, schema.metric.c
    question = (
        _in_scope(
            select(key.name, func.count()).select_from(schema.metric),
            metric.run,
            connection,
            project,
        )
        .join(schema.key, metric.key == key.n)
        .group_by(metric.key)
        .order_by(key.name)
    )
    return [(name, count) for name, count in connection.execute(question)]


def list_matched_metrics(
    connection: Connection, query: str, project: str | None = None
) -> list[tuple[str, int]]:
    """Return (key, number of runs) of the metrics of the runs that a query finds."""
    parsed = msgspec.structs.replace(parse(query), sort=())
    if parsed.filter is None:
        return list_metrics(connection, project)
    numbers = select_numbers(connection, parsed, project=project)
    key, metric = schema.key.c, schema.metric.c
    question = (
        select(key.name, func.count())
        .join_from(schema.metric, schema.key, metric.key == key.n)
        .where(among(metric.run, numbers))
        .group_by(metric.key)
        .order_by(key.name)
    )
    return [(name, count) for name, count in connection.execute(question)]


def _in_scope(
    question: Select[Any], column: ColumnElement[Any], connection: Connection, project: str | None
) -> Select[Any]:
    """Count the rows of runs of the project only. When that is every run of the index, the
    question stays as it is: it then reads one table from end to end.
    """
    run = schema.run.c
    scope = [run.deleted == 0] + ([] if project is None else [run.project == project])
    others = select(run.n).where(not_(and_(*scope))).limit(1)
    if connection.execute(others).first() is None:
        return question
    return question.where(column.in_(select(run.n).where(*scope)))


def complete(
    connection: Connection, text: str, position: int, project: str | None = None
) -> list[Completion]:
    """Return what could be typed at `position` in a query, best first.

    Works on unfinished queries: only the words in front of the position are looked at.
    """
    position = max(0, min(position, len(text)))
    before = _tokens(text[:position])
    current = ""
    if before and before[-1] not in {",", "(", ")", "..", *_OPERATORS}:
        current = before.pop() if not text[:position][-1:].isspace() else ""
    end = position
    while end < len(text) and re.match(r"[\w./`-]", text[end]) and current:
        end += 1
    return _Completer(connection, project, current, position - len(current), end).complete(before)


def _tokens(text: str) -> list[str]:
    return [token for token in _TOKEN.findall(text) if not token.isspace()]


class _Completer:
    """Completes one word, `current`, which stands from `start` to `end`."""

    def __init__(
        self, connection: Connection, project: str | None, current: str, start: int, end: int
    ) -> None:
        self.connection = connection
        self.project = project
        self.current = current
        self.start = start
        self.end = end

    def complete(self, before: list[str]) -> list[Completion]:
        words = [token.lower() for token in before]
        last = words[-1] if words else ""
        clause = next((w for w in reversed(words) if w in {"by", "sort", "order"}), "")
        if last in _OPERATORS:
            return self._values(before[-2] if len(before) > 1 else "")
        if last in {"(", ","} and "in" in words and not clause:
            opened = len(words) - 1 - words[::-1].index("in")
            return self._values(before[opened - 1] if opened else "")
        if last == "in":
            return self._words(("(", "tags"), "keyword")
        if last == "since":
            return self._words(("1h", "1d", "7d", "30d", "today", "yesterday"), "value")
        if last == "is":
            return self._words(("missing", "not missing"), "keyword")
        if clause:
            return self._after_clause(last, clause)
        if last in {"", "and", "or", "not", "("}:
            return self._names() + self._words(("not", "alive", "since"), "keyword")
        if last in {"group", "except", "all"}:
            return self._words(("by",) if last == "group" else ("except",), "keyword")
        if self._is_value(words):
            return self._words(("and", "or", "group by", "sort"), "keyword")
        following = ("=", "!=", ">", "<", ">=", "<=", "in", "~", "is missing", "is not missing")
        return self._words((*following, "and", "or", "group by", "sort"), "operator")

    def _is_value(self, words: list[str]) -> bool:
        """Whether the last word ends a condition, so that only a joint can follow."""
        joints = {*_OPERATORS, ".."}
        return (
            words[-1] in {")", "missing", "alive", "tags"}
            or words[-2:-1] == ["since"]
            or (len(words) > 1 and words[-2] in joints)
        )

    def _after_clause(self, last: str, clause: str) -> list[Completion]:
        if last in {"by", "sort", "order", ",", "except", "-"}:
            extra = ("all except",) if clause == "by" and last == "by" else ()
            return self._words(extra, "keyword") + self._names()
        if last == "all":
            return self._words(("except",), "keyword")
        return self._words(("desc", "asc", "sort", "group by"), "keyword")

    def _words(self, words: tuple[str, ...], kind: str) -> list[Completion]:
        lowered = self.current.lower()
        return [
            Completion(word, word, kind, "", self.start, self.end)
            for word in words
            if word.startswith(lowered) and word != lowered
        ]

    def _names(self) -> list[Completion]:
        typed = self.current.replace("`", "")
        name = read_name(self.current) if self.current.count("`") != 1 else read_name(typed)
        wanted = name.key.lower() if name.kind else typed.lower()
        found: list[tuple[tuple[int, int, str], Completion]] = []
        if name.kind in {None, "run"}:
            prefix = "run." if name.kind == "run" else ""
            for field, type_ in RUN_FIELDS.items():
                found += self._ranked(prefix + field, field, wanted, "run", type_)
        metric_part, aggregate = self._aggregate_being_typed(name.key)
        for kind, key in self._keys(wanted, metric_part):
            if name.kind == "params" and kind == "metric":
                continue
            if name.kind == "metrics" and kind == "param":
                continue
            found += self._ranked(write_name(key, name.kind), key, wanted, kind, "")
            if kind == "metric" and aggregate is not None and key == metric_part:
                for word in AGGREGATES:
                    if word.startswith(aggregate):
                        text = write_name(key, name.kind, word)
                        found += self._ranked(text, f"{key}.{word}", wanted, "metric", word)
        found.sort(key=lambda item: item[0])
        return [completion for _, completion in found[:COMPLETIONS_MAX]]

    def _ranked(
        self, insert: str, key: str, wanted: str, kind: str, detail: str
    ) -> list[tuple[tuple[int, int, str], Completion]]:
        """A name with its rank: those that begin with what was typed, then those that hold it."""
        place = key.lower().find(wanted)
        if place < 0:
            return []
        part = 0 if place == 0 else 1 if key[place - 1] in "/._-" else 2
        system = 1 if key.startswith("system/") else 0
        completion = Completion(insert, insert, kind, detail, self.start, self.end)
        return [((part, system, key), completion)]

    def _aggregate_being_typed(self, key: str) -> tuple[str, str | None]:
        head, aggregate = split_aggregate(key)
        if aggregate is not None:
            return head, aggregate
        head, dot, tail = key.rpartition(".")
        return (head, tail.lower()) if dot else (key, None)

    def _keys(self, wanted: str, metric_part: str) -> list[tuple[str, str]]:
        """Params and metrics of the project that hold the text, as (kind, name)."""
        key, run = schema.key.c, schema.run.c
        question = select(key.kind, key.name).where(
            func.instr(func.lower(key.name), wanted).__gt__(0) | (key.name == metric_part)
        )
        if self.project is not None:
            row, metric = schema.attribute.c, schema.metric.c
            own = run.project == self.project
            used = case(
                (
                    key.kind == "param",
                    exists().where(and_(row.key == key.n, row.run == run.n, own)),
                ),
                else_=exists().where(and_(metric.key == key.n, metric.run == run.n, own)),
            )
            question = question.where(used)
        found = self.connection.execute(question.order_by(key.name).limit(_SEARCHED_MAX))
        return [(kind, name) for kind, name in found]

    def _texts(self, question: Select[Any]) -> list[str]:
        return list(self.connection.scalars(question))

    def _values(self, field: str) -> list[Completion]:
        """Common values of a field; `current` may have begun one."""
        name = read_name(field)
        typed = self.current.strip("\"'").lower()
        key = ALIASES.get(name.key, name.key)
        run, row, tag = schema.run.c, schema.attribute.c, schema.tag.c
        if key == "state" and name.kind in {None, "run"}:
            texts = [(state, "state") for state in STATES]
        elif name.key == "tags":
            found = self._texts(select(tag.name).distinct().limit(500))
            texts = [(text, "tag") for text in found]
        elif key in RUN_FIELDS and name.kind in {None, "run"}:
            if RUN_FIELDS[key] != "text":
                return []
            question = select(run[key]).where(run[key].is_not(None), run.deleted == 0)
            if self.project is not None:
                question = question.where(run.project == self.project)
            counted = question.group_by(run[key]).order_by(func.count().desc()).limit(200)
            texts = [(text, "value") for text in self._texts(counted)]
        else:
            question = (
                select(row.text, row.type)
                .join_from(schema.attribute, schema.key, row.key == schema.key.c.n)
                .where(schema.key.c.kind == "param", schema.key.c.name == name.key)
                .group_by(row.text)
                .order_by(func.count().desc())
                .limit(200)
            )
            texts = [(text, type_) for text, type_ in self.connection.execute(question)]
        completions = [
            Completion(_written(text, type_), text, "value", "", self.start, self.end)
            for text, type_ in texts
            if typed in text.lower()
        ]
        return completions[:COMPLETIONS_MAX]


def _written(text: str, type_: str) -> str:
    """A value as a query writes it: quoted, unless it is a number or a plain word."""
    if type_ in {"int", "float", "bool", "null", "state"}:
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _type(types: set[str]) -> str:
    if types <= {"int", "float"}:
        return "number"
    names = {"str": "text", "bool": "boolean", "json": "list", "null": "null"}
    return names.get(next(iter(types)), "mixed") if len(types) == 1 else "mixed"


def _examples(connection: Connection, key: int) -> list[str]:
    row = schema.attribute.c
    few = select(row.text).where(row.key == key).limit(EXAMPLE_ROWS).subquery()
    question = select(few.c.text).distinct().limit(EXAMPLES_MAX)
    return list(connection.scalars(question))
