"""SQL of single values: the column of a field, and its comparison with what a query wrote.

Each condition made here is true or false in SQL, never NULL, so `NOT` and `OR` mean what they say.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NoReturn

from sqlalchemy import ColumnElement, and_, case, false, func, literal, not_, or_

from peira.core.errors import QueryError
from peira.lab.index import schema
from peira.lab.query import ast, moments
from peira.lab.query.catalog import RUN_FIELDS, STATES, Catalog, Field

INTEGER_EXACT_MAX = 2.0**53
"""Whole numbers below this one are exact in float64 and have one of their own."""

_SIGNS = {
    "=": "__eq__",
    "!=": "__ne__",
    "<": "__lt__",
    "<=": "__le__",
    ">": "__gt__",
    ">=": "__ge__",
}


class Summary:
    """One summary of a metric as SQL. `table` is `metric` or an alias of it; `name` is no `best`
    any more.

    `value` holds infinities as numbers and NaN as NULL; `is_nan` tells the two kinds of NULL apart.
    """

    def __init__(self, table: Any, name: str) -> None:
        self.value: ColumnElement[Any] = table.c[name]
        self.is_nan: ColumnElement[bool] = false()
        if name in {"first", "last"}:
            text = table.c[f"{name}_text"]
            infinite = case((text == "Infinity", math.inf), (text == "-Infinity", -math.inf))
            self.value = func.coalesce(table.c[name], infinite)
            self.is_nan = func.coalesce(text == "NaN", False)

    @property
    def is_present(self) -> ColumnElement[bool]:
        """Whether there is a value, NaN included."""
        return or_(self.value.is_not(None), self.is_nan)

    def compare(self, operator: str, value: ast.Literal) -> ColumnElement[bool]:
        """The summary against a number."""
        number = _number(value, operator)
        if operator == "!=":
            return and_(self.is_present, not_(self.compare("=", value)))
        if math.isnan(number):
            return self.is_nan
        return and_(self.value.is_not(None), _apply(self.value, operator, number))

    def among(self, values: Sequence[ast.Literal]) -> ColumnElement[bool]:
        """The summary equals one of the values."""
        numbers = [_number(v, "=") for v in values]
        found = and_(
            self.value.is_not(None), self.value.in_([n for n in numbers if not math.isnan(n)])
        )
        return or_(found, self.is_nan) if any(math.isnan(n) for n in numbers) else found


def aggregate_of(field: Field, catalog: Catalog, name: ast.Name) -> str:
    """The stored summary behind a field: `best` becomes `max` or `min`.

    Raises:
        QueryError: nothing says whether more or less of the metric is better.
    """
    if field.aggregate != "best":
        return field.aggregate
    direction = catalog.direction(field.key)
    if direction is None:
        raise QueryError(
            f"Nothing says whether more or less of `{field.key}` is better.",
            position=name.position,
            length=name.length,
            suggestions=(f"{field.key}.max", f"{field.key}.min"),
            hint="Write .max or .min, or set the goal of the project.",
        )
    return direction


def compare_param(operator: str, value: ast.Literal) -> ColumnElement[bool]:
    """A row of `attribute` against a value: numbers with numbers, texts with texts, true and false
    with booleans.
    """
    if operator == "!=":
        return not_(compare_param("=", value))
    row = schema.attribute.c
    if value.kind == "number":
        return _compare_number_param(operator, value)
    word = value.spelled.lower() if value.kind == "word" else ""
    if operator == "=" and word in {"true", "false"}:
        return or_(
            and_(row.type == "bool", row.num == (1.0 if word == "true" else 0.0)),
            and_(row.type == "str", row.text == value.spelled),
        )
    if operator == "=" and word in {"null", "none"}:
        return or_(row.type == "null", and_(row.type == "str", row.text == value.spelled))
    return and_(row.type.in_(("str", "json")), _apply(row.text, operator, value.spelled))


def param_among(values: Sequence[ast.Literal]) -> ColumnElement[bool]:
    """A row of `attribute` equals one of the values; one `IN` for all usual ones."""
    row = schema.attribute.c
    numbers = [v.value for v in values if v.kind == "number" and not _has_special_form(v)]
    texts = [v.spelled for v in values if v.kind != "number"]
    long = [v for v in values if _is_long_integer(v)]
    special = [v for v in values if _has_special_form(v) and v not in long]
    return or_(
        and_(
            row.type.in_(("int", "float")),
            stored_number(row).is_not(None),
            stored_number(row).in_(numbers),
        ),
        and_(row.type.in_(("str", "json")), row.text.in_(texts)),
        and_(row.type == "int", row.text.in_([v.text.lstrip("+") for v in long])),
        and_(row.type == "float", row.num.is_not(None), row.num.in_([v.value for v in long])),
        *(compare_param("=", v) for v in {v.text.lower(): v for v in special}.values()),
    )


def stored_number(row: Any) -> ColumnElement[Any]:
    """The number of a row of `attribute`: infinite where only its text could be kept, NULL for
    NaN.
    """
    beyond = case((row.text == "NaN", None), (row.text.startswith("-"), -math.inf), else_=math.inf)
    is_number = row.type.in_(("int", "float"))
    return func.coalesce(row.num, case((is_number, beyond)))


def _has_special_form(value: ast.Literal) -> bool:
    """Whether equality needs more than the plain comparison of one column."""
    if value.kind == "number":
        return value.value != value.value or _is_long_integer(value)
    return value.kind == "word" and value.spelled.lower() in {"true", "false", "null", "none"}


def _is_long_integer(value: ast.Literal) -> bool:
    """Whether two whole numbers of this size may share one float64, so that only their digits
    decide.
    """
    return (
        value.kind == "number"
        and isinstance(value.value, float)
        and abs(value.value) >= INTEGER_EXACT_MAX
        and value.text.lstrip("+-").isdigit()
    )


def _compare_number_param(operator: str, value: ast.Literal) -> ColumnElement[bool]:
    row = schema.attribute.c
    number = _number(value, operator)
    if math.isnan(number):
        return and_(row.type == "float", row.text == "NaN")
    stored = stored_number(row)
    numeric = and_(
        row.type.in_(("int", "float")), stored.is_not(None), _apply(stored, operator, number)
    )
    if operator == "=" and _is_long_integer(value):
        return and_(numeric, or_(row.type == "float", row.text == value.text.lstrip("+")))
    return numeric


def compare_run(
    field: Field, operator: str, value: ast.Literal, catalog: Catalog
) -> ColumnElement[bool]:
    """A field of every run against a value."""
    column = schema.run.c[field.key]
    if operator == "!=":
        # A run without the value is not "another value": the same rule as for params and metrics.
        return and_(column.is_not(None), not_(compare_run(field, "=", value, catalog)))
    if field.type == "time":
        begin, end = moments.span(value, catalog.now_s)
        conditions: dict[str, ColumnElement[bool]] = {
            "=": and_(column >= begin, column < end),
            "<": column < begin,
            "<=": column < end if end > begin else column <= begin,
            ">": column >= end if end > begin else column > begin,
            ">=": column >= begin,
        }
        return and_(column.is_not(None), conditions[operator])
    if field.type in {"number", "duration"}:
        number = value.value if value.kind == "duration" else _number(value, operator)
        if field.type == "number" and value.kind == "duration":
            refuse_value(value, f"`{field.key}` is a number.")
        if isinstance(number, float) and math.isnan(number):
            return false()
        return and_(column.is_not(None), _apply(column, operator, number))
    text = value.spelled
    if field.type == "state" and text not in STATES and operator == "=":
        raise QueryError(
            f"`{text[:40]}` is not a state of a run.",
            position=value.position,
            length=value.length,
            suggestions=STATES,
            hint="States are " + ", ".join(STATES) + ".",
        )
    return and_(column.is_not(None), _apply(column, operator, text))


def refuse_value(value: ast.Literal, reason: str) -> NoReturn:
    """Tell that a value does not fit its field."""
    raise QueryError(
        f"{reason} `{value.text[:40]}` does not compare with it.",
        position=value.position,
        length=value.length,
    )


def refuse_pattern(name: ast.Name) -> NoReturn:
    """Tell that a regular expression fits texts only."""
    raise QueryError(
        f"`{name.text[:40]}` is a number; a regular expression needs a text.",
        position=name.position,
        length=name.length,
        hint="Compare it with =, <, >, or a range `in 1..9`.",
    )


def text_column(field: Field) -> ColumnElement[str] | None:
    """The column of a run field that holds texts, or None."""
    if RUN_FIELDS.get(field.key) not in {"text", "state"}:
        return None
    column: ColumnElement[str] = schema.run.c[field.key]
    return column


def never() -> ColumnElement[bool]:
    """A condition that no run meets."""
    return literal(0) == 1


def _number(value: ast.Literal, operator: str) -> float:
    if value.kind != "number" or not isinstance(value.value, float):
        raise QueryError(
            f"A number was expected, not `{value.text[:40]}`.",
            position=value.position,
            length=value.length,
        )
    if math.isnan(value.value) and operator not in {"=", "!="}:
        raise QueryError(
            "NaN is neither greater nor less than any number.",
            position=value.position,
            length=value.length,
            hint="Write `= nan` or `!= nan`.",
        )
    return value.value


def _apply(column: Any, operator: str, value: float | str) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = getattr(column, _SIGNS[operator])(value)
    return condition
