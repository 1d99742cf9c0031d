"""Filters on a small index: what each condition finds."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from sqlalchemy import Connection

from peira.core.direction import guess_direction
from peira.core.errors import QueryError
from peira.lab.index import schema
from peira.lab.query.catalog import Catalog
from peira.lab.query.parse import parse
from tests.query.small_index import NOW, SmallRun, fill

Names = Callable[[str], list[str]]
A, B, C, D = "cnn-a", "cnn-b", "mlp-c", "Été 1%"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Numbers; 1 and 1.0 are equal; missing is neither above nor below.
        ("lr > 0.01", {A, C}),
        ("lr <= 0.1", {A, B}),
        ("lr = 1", {C}),
        ("lr != 1", {A, B}),
        ("not lr = 1", {A, B, D}),
        ("not (lr > 0.01)", {B, D}),
        ("lr in 1e-3..0.1", {A, B}),
        ("lr not in 1e-3..0.1", {C, D}),
        ("lr in (1, 0.1)", {A, C}),
        ("lr in (1, cnn)", {C}),
        # Texts, booleans, null, lists.
        ("model = cnn", {A, B}),
        ('model = "cnn"', {A, B}),
        ("model != cnn", {C, D}),
        ("model > cnn", {C, D}),
        ("augment = true", {A}),
        ("augment = false", {B}),
        ("augment = 1", set()),
        ("augment in (true, false)", {A, B}),
        ("note is missing", {A, B, C, D}),
        ("params.note = none", {B}),
        ("params.note is missing", {A, C, D}),
        ('layers = "[64,32]"', {A}),
        ("layers ~ 64", {A}),
        ("`odd name` = x", {C}),
        # Metrics and their summaries.
        ("val/acc = 0.8", {A}),
        ("val/acc.max >= 0.9", {A, B}),
        ("val/acc.best >= 0.9", {A, B}),
        ("val/acc.min < 0.3", {A}),
        ("val/acc.count = 1", {C}),
        ("val/acc.max_step = 1", {A, B}),
        ("loss.best <= 1", {A}),
        ("loss = nan", {B}),
        ("loss != nan", {A, C}),
        ("loss = inf", {C}),
        ("loss > 1e300", {C}),
        ("loss < inf", {A}),
        ("loss.max is missing", {C, D}),
        ("loss is missing", {D}),
        ("loss is not missing", {A, B, C}),
        ("loss in (nan, 1)", {A, B}),
        # Run fields.
        ("state = finished", {A, B}),
        ("status in (running, failed)", {C, D}),
        ("user = grace", {B}),
        ("group is missing", {A, C, D}),
        ("group != night", set()),
        ("not group = night", {A, C, D}),
        ("alerts > 1", {D}),
        ("duration = 60", {A}),
        ("duration > 30m", {B}),
        ("run.name = cnn-a", {A}),
        # Dates.
        ("since 3d", {B, C, D}),
        ("since 1h", {C, D}),
        ("created < 2020-01", set()),
        ("created > 2020-01-01", {A, B, C, D}),
        ("created in 2020-01..2030-12", {A, B, C, D}),
        ("ended is missing", {C, D}),
        # Tags.
        ('"baseline" in tags', {A, B}),
        ("paper in tags", {A}),
        ("tags.paper", {A}),
        ("tags = paper", {A}),
        ("tags != paper", {B, C, D}),
        ('"paper" not in tags', {B, C, D}),
        ("tags in (paper, x)", {A}),
        ("tags is missing", {C}),
        ('tags ~ "^base"', {A, B}),
        ("tags !~ paper", {B, D}),
        ('"it\'s" in tags', {D}),
        # Names and patterns.
        ("cnn", {A, B}),
        ("CNN", {A, B}),
        ("cnn b", {B}),
        ("été", {D}),
        ('name ~ "^cnn-[ab]$"', {A, B}),
        ('name ~ "(?i)CNN"', {A, B}),
        ("name !~ cnn", {C, D}),
        ('name ~ "1%"', {D}),
        ('model ~ "^.n"', {A, B}),
        ("alive", {C}),
        ("not alive and cnn or alerts = 2", {A, B, D}),
    ],
)
def test_what_a_filter_finds(names: Names, text: str, expected: set[str]) -> None:
    """Each kind of condition finds exactly the runs that the reference says."""
    assert expected == set(names(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sort lr", [B, A, C, D]),
        ("sort -lr", [C, A, B, D]),
        ("sort val/acc.max desc", [B, A, C, D]),
        ("sort loss", [A, C, B, D]),
        ("sort -loss", [C, A, B, D]),
        ("sort model, seed desc", [B, A, C, D]),
        ("sort created", [A, B, C, D]),
        ("sort ended desc", [B, A, D, C]),
        ("", [D, C, B, A]),
    ],
)
def test_order(names: Names, text: str, expected: list[str]) -> None:
    """Missing comes last in both directions, NaN before it; without `sort` the newest is first."""
    assert expected == names(text)


@pytest.mark.parametrize(
    ("text", "position", "suggestion"),
    [
        ("valacc > 1", 0, "val/acc"),
        ("cnn and modle = x", 8, "model"),
        ("val/acc.maximum > 1", 0, "val/acc.max"),
        ("run.nam = x", 0, "name"),
        ("state = finnished", 8, "finished"),
        ("sort lrr", 5, "lr"),
    ],
)
def test_unknown_names_suggest(names: Names, text: str, position: int, suggestion: str) -> None:
    """An unknown name is told with its place and near names."""
    with pytest.raises(QueryError) as caught:
        names(text)

    assert caught.value.position == position
    assert suggestion in caught.value.suggestions


@pytest.mark.parametrize(
    "text",
    [
        "val/acc > high",
        "val/acc ~ 1",
        "created > 3",
        "created > 2026-02-30",
        "loss > nan",
        "alerts > 3d",
        "seed.best > 1",
        "lr > 1 sort tags",
        'name ~ "("',
        'name ~ "(?=x)"',
        'name ~ "\\\\1"',
        "tags > 3",
        "user_password = x",
        "run.birth = x",
        "run.n = 1",
    ],
)
def test_conditions_without_meaning_are_refused(names: Names, text: str) -> None:
    """A value that does not fit its field, a bad pattern, or a hidden column: QueryError."""
    with pytest.raises(QueryError):
        names(text)


def test_param_and_metric_of_one_name_ask(connection: Connection) -> None:
    """A bare name that is both is refused and both ways to write it are offered."""
    fill(connection, [SmallRun(params={"lr": 1.0}, metrics={"lr": [0.5]})])
    catalog = Catalog(connection, "digits", NOW)
    name = parse("lr > 0").filter.name  # type: ignore[union-attr]

    with pytest.raises(QueryError) as caught:
        catalog.resolve(name)

    assert caught.value.suggestions == ("params.lr", "metrics.lr")


def test_an_empty_lab_knows_no_names_and_finds_nothing(connection: Connection) -> None:
    """A saved view opened before the first run is empty, not wrong."""
    assert Catalog(connection, "new").resolve(parse("sort acc").sort[0].name).kind == "unknown"


def test_the_goal_decides_what_is_best(connection: Connection) -> None:
    """`.best` follows the project's goal, whatever the name suggests."""
    fill(connection, [SmallRun(metrics={"loss": [1.0, 5.0]})])
    goal = b'{"metric": "loss", "direction": "max"}'
    connection.execute(
        schema.decision.insert().values(
            kind="goal", id="digits", time=NOW, by="ada", writer="w", line=0, value=goal
        )
    )

    assert Catalog(connection, "digits").direction("loss") == "max"
    assert Catalog(connection, "other").direction("loss") == "min"
    assert guess_direction("custom") is None


def test_whole_numbers_beyond_float64_compare_by_their_digits(connection: Connection) -> None:
    """R11: 2^53 + 1 is not 2^53, in `=` and in `in (…)`."""
    big = 2**53
    fill(connection, [SmallRun("even", {"seed": big}), SmallRun("odd", {"seed": big + 1})])
    fill_names = _names(connection)

    assert fill_names(f"seed = {big + 1}") == ["odd"]
    assert fill_names(f"seed in ({big + 1}, {big + 3})") == ["odd"]
    assert fill_names(f"seed = {big}") == ["even"]


def test_deep_and_wide_filters_run(names: Names) -> None:
    """What the grammar lets through SQLite can run: 95 levels, 256 conditions, 500 values."""
    deep = "".join(f"(lr > 0 {'or' if i % 2 else 'and'} " for i in range(95)) + "lr > 0" + ")" * 95
    wide = " or ".join(f"lr = {i}" for i in range(256))
    listed = "lr in (" + ", ".join(map(str, range(500))) + ")"
    days = "created in (" + ", ".join(["2020-01-01"] * 500) + ")"
    started = time.process_time()

    assert {A, B, C} == set(names(deep))
    assert names(wide) == [C]
    assert names(listed) == [C]
    assert names(days) == []
    assert time.process_time() - started < 20.0  # and not for ever


def test_patterns_take_linear_time(connection: Connection) -> None:
    """Q04: a pattern that is catastrophic elsewhere is quick on long texts."""
    fill(connection, [SmallRun("a" * 30_000 + "!")])
    started = time.process_time()

    assert _names(connection)('name ~ "(a+)+$"') == []
    assert time.process_time() - started < 1.0


def test_values_are_bound_never_part_of_the_sql(names: Names) -> None:
    """Text that looks like SQL is only text."""
    for text in ("'; DROP TABLE run; --", '" OR 1=1 --', "%", "_", ":x", "?"):
        quoted = text.replace("\\", "\\\\").replace('"', '\\"')
        assert names(f'user = "{quoted}"') == []
        assert names(f'model in ("{quoted}", "x")') == []

    assert len(names("")) == 4


def _names(connection: Connection) -> Names:
    from sqlalchemy import select

    from peira.lab.query.compile import compile_filter

    def ask(text: str) -> list[str]:
        catalog = Catalog(connection, "digits", NOW)
        selection = compile_filter(parse(text).filter, catalog)
        return list(connection.scalars(selection.apply(select(schema.run.c.name))))

    return ask
