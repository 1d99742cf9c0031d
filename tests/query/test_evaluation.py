"""Filters against a second opinion: the same conditions evaluated in plain Python."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from peira.lab.index import schema
from peira.lab.query import ast
from peira.lab.query.catalog import Catalog
from peira.lab.query.compile import compile_filter
from peira.lab.query.parse import parse
from peira.lab.rows import write
from tests.query.small_index import NOW, SmallRun, fill, open_index, summary

NUMBERS = st.sampled_from([-2.0, 0.0, 0.1, 1.0, 3.0, 1e300, math.inf, -math.inf, math.nan])
TEXTS = st.sampled_from(["cnn", "mlp", "3", "true", "a b", "é", "%", "it's"])
PARAM_VALUES = st.one_of(
    NUMBERS, TEXTS, st.booleans(), st.none(), st.sampled_from([1, 3, 2**53, 2**53 + 1])
)
RUNS = st.lists(
    st.builds(
        SmallRun,
        name=st.sampled_from(["cnn-1", "CNN-2", "mlp", "odd name"]),
        params=st.dictionaries(st.sampled_from(["lr", "model"]), PARAM_VALUES),
        metrics=st.dictionaries(
            st.sampled_from(["acc", "loss"]), st.lists(NUMBERS, min_size=1, max_size=4)
        ),
        tags=st.lists(st.sampled_from(["a", "b"]), unique=True).map(tuple),
        state=st.sampled_from(["running", "finished"]),
        group=st.sampled_from([None, "g", "h"]),
    ),
    min_size=1,
    max_size=6,
)


def _number(value: float) -> ast.Literal:
    return ast.Literal("number", value, repr(value).replace("e+", "e"))


LITERALS = st.one_of(
    NUMBERS.map(_number),
    TEXTS.map(lambda text: ast.Literal("text", text, f'"{text}"')),
    st.sampled_from(["true", "false", "none", "cnn"]).map(lambda w: ast.Literal("word", w, w)),
)
ORDERABLE = st.sampled_from([-2.0, 0.0, 1.0, 3.0, math.inf, -math.inf]).map(_number)
PARAM_NAMES = st.sampled_from(["lr", "model"]).map(
    lambda k: ast.Name(k, f"params.{k}", 0, "params")
)
METRIC_NAMES = st.sampled_from(
    [f"{key}.{part}" for key in ("acc", "loss") for part in ("last", "first", "min", "max", "mean")]
).map(lambda text: ast.Name(text, f"metrics.{text}", 0, "metrics"))
ORDERS = st.sampled_from(["<", "<=", ">", ">="])
EQUALS = st.sampled_from(["=", "!="])
LEAVES: st.SearchStrategy[ast.Node] = st.one_of(
    st.builds(ast.Compare, PARAM_NAMES, EQUALS, LITERALS),
    st.builds(ast.Compare, PARAM_NAMES, ORDERS, ORDERABLE),
    st.builds(ast.Within, PARAM_NAMES, ORDERABLE, ORDERABLE),
    st.builds(ast.OneOf, PARAM_NAMES, st.lists(LITERALS, min_size=1, max_size=3).map(tuple)),
    st.builds(ast.Missing, PARAM_NAMES),
    st.builds(ast.Compare, METRIC_NAMES, EQUALS, NUMBERS.map(_number)),
    st.builds(ast.Compare, METRIC_NAMES, ORDERS, ORDERABLE),
    st.builds(ast.Within, METRIC_NAMES, ORDERABLE, ORDERABLE),
    st.builds(
        ast.OneOf, METRIC_NAMES, st.lists(NUMBERS.map(_number), min_size=1, max_size=3).map(tuple)
    ),
    st.builds(ast.Missing, METRIC_NAMES),
    st.builds(
        ast.Compare,
        st.just(ast.Name("group", "group")),
        EQUALS,
        st.just(ast.Literal("text", "g", '"g"')),
    ),
    st.builds(ast.Tagged, st.sampled_from(["a", "b", "c"])),
    st.builds(ast.PlainWord, st.sampled_from(["cnn", "ODD", "p"])),
    st.just(ast.Alive()),
)
FILTERS = st.recursive(
    LEAVES,
    lambda parts: st.one_of(
        st.builds(ast.Not, parts),
        st.builds(ast.All, st.lists(parts, min_size=2, max_size=3).map(tuple)),
        st.builds(ast.Any, st.lists(parts, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(runs=RUNS, node=FILTERS)
def test_sql_finds_what_plain_python_finds(runs: list[SmallRun], node: ast.Node) -> None:
    """For any filter and any runs, the compiled SQL and a naive evaluation agree."""
    connection = open_index()
    try:
        _make_keys(connection)
        _fill(connection, [dataclasses.replace(run) for run in runs])
        selection = compile_filter(node, Catalog(connection, "digits", NOW))
        found = set(connection.scalars(selection.apply(select(schema.run.c.n))))
    finally:
        connection.close()
        connection.engine.dispose()

    assert found == {n for n, run in enumerate(runs, 1) if evaluate(node, run)}


@settings(max_examples=200, deadline=None)
@given(node=FILTERS)
def test_a_written_filter_reads_back(node: ast.Node) -> None:
    """Writing a filter and reading it gives a filter that is written the same."""
    again = parse(write(node)).filter
    assert again is not None

    assert write(parse(write(again)).filter or again) == write(again)


def evaluate(node: ast.Node, run: SmallRun) -> bool:
    """The reference: slow, obvious, and without SQL."""
    if isinstance(node, ast.All):
        return all(evaluate(part, run) for part in node.parts)
    if isinstance(node, ast.Any):
        return any(evaluate(part, run) for part in node.parts)
    if isinstance(node, ast.Not):
        return not evaluate(node.part, run)
    if isinstance(node, ast.Tagged):
        return node.tag in run.tags
    if isinstance(node, ast.PlainWord):
        return node.word.lower() in run.name.lower()
    if isinstance(node, ast.Alive):
        return run.state == "running"
    assert isinstance(node, ast.Compare | ast.Within | ast.OneOf | ast.Missing)
    is_there, value = _value(node.name, run)
    if isinstance(node, ast.Missing):
        return not is_there
    if not is_there:
        return False
    if isinstance(node, ast.OneOf):
        return any(_equals(value, literal) for literal in node.values)
    if isinstance(node, ast.Within):
        return _orders(value, ">=", node.low) and _orders(value, "<=", node.high)
    if node.operator in {"=", "!="}:
        return _equals(value, node.value) == (node.operator == "=")
    return _orders(value, node.operator, node.value)


def _value(name: ast.Name, run: SmallRun) -> tuple[bool, Any]:
    if name.kind == "params":
        return name.key in run.params, run.params.get(name.key)
    if name.kind is None:
        return run.group is not None, run.group
    key, _, part = name.key.rpartition(".")
    if key not in run.metrics:
        return False, None
    values = run.metrics[key]
    value = {"first": values[0], "last": values[-1]}.get(part, summary(values).get(part))
    return value is not None, value


def _equals(value: Any, literal: ast.Literal) -> bool:
    if literal.kind == "number":
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        assert isinstance(literal.value, float)
        return value == literal.value or (math.isnan(value) and math.isnan(literal.value))
    if literal.kind == "word" and literal.value in {"true", "false"} and isinstance(value, bool):
        return value == (literal.value == "true")
    if literal.kind == "word" and literal.value == "none" and value is None:
        return True
    return isinstance(value, str) and value == literal.value


def _orders(value: Any, operator: str, literal: ast.Literal) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    other = literal.value
    assert isinstance(other, float)
    number = float(value)
    return {
        "<": number < other,
        "<=": number <= other,
        ">": number > other,
        ">=": number >= other,
    }[operator]


def _make_keys(connection: Any) -> None:
    """Every name exists, so that a filter never names an unknown one."""
    everything = SmallRun(
        params={"lr": 1, "model": 1}, metrics={"acc": [1.0], "loss": [1.0]}, project="other"
    )
    fill(connection, [everything])
    for table in (schema.run, schema.attribute, schema.metric):
        connection.execute(table.delete())


def _fill(connection: Any, runs: list[SmallRun]) -> None:
    known = {(row.kind, row.name): row.n for row in connection.execute(select(schema.key))}
    fill(connection, runs, known)
