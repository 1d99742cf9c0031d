"""Reading queries: what is understood, and what is refused with its place."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from peira.core.errors import QueryError
from peira.lab.query import ast
from peira.lab.query.names import read_name, write_name
from peira.lab.query.parse import parse, parse_group, parse_sort
from peira.lab.rows import write

Names = Callable[[str], list[str]]

INJECTIONS = [
    "' OR 1=1 --",
    '" OR ""="',
    "1; DROP TABLE run",
    "name = 'x'; DELETE FROM run; --",
    "lr > 1 UNION SELECT password FROM user",
    "name = 'x' UNION ALL SELECT * FROM sqlite_master",
    "lr > (SELECT count(*) FROM run)",
    "1=1) OR (1=1",
    "name LIKE '%'",
    "id = 1 /* comment */",
    "lr > 1 -- comment here",
    "sqlite_version()",
    "load_extension('x')",
    "name || name = 'aa'",
    "lr > @@version",
    "ATTACH DATABASE 'x' AS y",
    "__import__('os').system('id')",
    "().__class__.__bases__[0].__subclasses__()",
    "run.__class__.__mro__",
    "name.__class__ = 1",
    "{{7*7}}",
    "${jndi:ldap://x/a}",
    "#{7*7}",
    "<%= 7*7 %>",
    "9**9**9**9 > 1",
    "(" * 5_000,
    "not " * 2_400 + "alive",
    "%" * 500,
    'name = "a\x00b"',
    "NaN",
    "lr > 1e400",
    'name = "\ud800"',
]

PYTHON = [
    "run.run.repo.path",
    "[x for x in runs]",
    "lambda: 1",
    "(lambda: 1)()",
    "2 ** 10 > 3",
    "open('/etc/passwd')",
    "run.metrics['loss'].last > 1",
    "f'{name}' = 1",
    "lr > 1 if lr else 2",
    "(x := 1)",
]


@pytest.mark.parametrize("text", INJECTIONS, ids=range(len(INJECTIONS)))
def test_injections_are_refused_at_once_with_a_place(names: Names, text: str) -> None:
    """Q01: each of 32 injections is a QueryError with a position in the text, within a second."""
    started = time.process_time()

    with pytest.raises(QueryError) as caught:
        names(text)

    assert 0 <= caught.value.position <= len(text)
    assert caught.value.length >= 1
    assert time.process_time() - started < 1.0


@pytest.mark.parametrize("text", PYTHON)
def test_python_is_not_understood(text: str) -> None:
    """Q03: the grammar knows no objects, calls, comprehensions, lambdas or powers."""
    with pytest.raises(QueryError):
        parse(text)


@pytest.mark.parametrize(
    ("text", "position", "length"),
    [
        ("lr >", 3, 1),
        ("lr > 1 lr < 3", 7, 2),
        ("lr = 'open", 5, 5),
        ("a = 1 sort a sort b", 13, 1),
        ("lr ? 3", 3, 1),
        ("lr > 1 and", 9, 1),
        ("x in nowhere", 5, 7),
        ("params.lr", 0, 9),
        ("lr = and", 5, 3),
        ("`a`.largest > 1", 4, 7),
    ],
)
def test_errors_know_their_place(text: str, position: int, length: int) -> None:
    """An error names the first character that is wrong and how many are."""
    with pytest.raises(QueryError) as caught:
        parse(text)

    assert (position, length) == (caught.value.position, caught.value.length)


def test_nesting_up_to_the_limit_is_read() -> None:
    """100 levels are read, 101 are refused; parentheses and `not` both count."""
    assert isinstance(parse("(" * 100 + "alive" + ")" * 100).filter, ast.Alive)
    assert isinstance(parse("not " * 100 + "alive").filter, ast.Alive)

    for text in ("(" * 101 + "alive" + ")" * 101, "not (" * 51 + "alive" + ")" * 51):
        with pytest.raises(QueryError, match="100 levels"):
            parse(text)


def test_side_by_side_is_not_nested() -> None:
    """Many parentheses one after the other are not deep."""
    text = " and ".join(["(not (alive))"] * 200)

    found = parse(text).filter

    assert isinstance(found, ast.All) and len(found.parts) == 200


def test_limits_are_told() -> None:
    """Too long, too many conditions, too many values, too many sort keys: each says its limit."""
    for text, limit in (
        ("a" * 10_001, "10,000"),
        (" or ".join(["a"] * 257), "256"),
        ("a in (" + ",".join(["1"] * 501) + ")", "500"),
        ("sort " + ",".join("abcdefghi"), "8"),
    ):
        with pytest.raises(QueryError, match=limit):
            parse(text)


def test_a_range_is_two_numbers() -> None:
    """`1e-4..1e-2` is not taken for a number with a dot."""
    found = parse("lr in 1e-4..1e-2").filter

    assert isinstance(found, ast.Within)
    assert (found.low.value, found.high.value) == (1e-4, 1e-2)


def test_words_may_hold_the_signs_of_names() -> None:
    """Plain words and names hold `/ . - _`, digits in front too."""
    found = parse("resnet-50/a.b_c 3d-unet 2026").filter

    assert isinstance(found, ast.All)
    assert [part.word for part in found.parts if isinstance(part, ast.PlainWord)] == [
        "resnet-50/a.b_c",
        "3d-unet",
        "2026",
    ]


def test_keywords_are_words_where_the_grammar_has_no_use_for_them() -> None:
    """Params named `alive`, `since`, `sort` or `group` can be compared; keywords ignore case."""
    for name in ("alive", "since", "sort", "group", "missing", "all"):
        found = parse(f"{name} = 3").filter
        assert isinstance(found, ast.Compare) and found.name.key == name

    assert parse("a AND NOT b").filter == parse("a and not b").filter


def test_equal_signs_are_the_same() -> None:
    """`=` and `==` are one operator."""
    one, two = parse("lr = 1").filter, parse("lr == 1").filter

    assert isinstance(one, ast.Compare) and isinstance(two, ast.Compare)
    assert one.operator == two.operator == "="


def test_quotes_keep_backslashes_for_patterns() -> None:
    r"""`\"` is a quote, `\d` stays two characters."""
    found = parse(r'name ~ "a\d\"b"').filter

    assert isinstance(found, ast.Compare) and found.value.spelled == r'a\d"b'


def test_clauses() -> None:
    """Sorting and grouping follow the filter in any order, or stand alone."""
    query = parse("alive sort -val/acc.max, lr asc, `a b` desc group by all except seed")

    assert [(key.name.key, key.descending) for key in query.sort] == [
        ("val/acc.max", True),
        ("lr", False),
        ("a b", True),
    ]
    assert query.group is not None and query.group.all_except
    assert [(key.name.key, key.descending) for key in parse_sort("-acc, lr")] == [
        ("acc", True),
        ("lr", False),
    ]
    assert [name.key for name in parse_group("lr, kernel").names] == ["lr", "kernel"]


def test_clause_errors_count_from_the_text_given() -> None:
    """`sort="…"` of Python has positions of its own text."""
    with pytest.raises(QueryError) as caught:
        parse_sort("lr, ?")

    assert caught.value.position == 4


def test_an_empty_query_says_nothing() -> None:
    """Blank text is a query without filter, sort and group."""
    assert parse(" \n ") == ast.Query(" \n ")


def test_a_usual_query_is_read_within_a_millisecond() -> None:
    """The parser is built once; reading is quick (the bar is 1 ms, checked with room for noise)."""
    text = 'val/acc.max > 0.97 and lr in 1e-4..1e-2 and status = finished and "a" in tags'
    parse(text)

    times = []
    for _ in range(20):
        started = time.process_time()
        parse(text)
        times.append(time.process_time() - started)

    assert min(times) < 0.001


@pytest.mark.parametrize("key", ["val/acc", "odd name", "a'b", "and", "x..y", "é", "3d"])
def test_names_read_back_as_written(key: str) -> None:
    """`write_name` quotes what must be, and `read_name` gives the same field again."""
    for kind in (None, "params", "metrics"):
        name = read_name(write_name(key, kind))  # type: ignore[arg-type]
        assert (key, kind) == (name.key, name.kind)

    found = parse(write_name(key, "params") + " = 1").filter
    assert isinstance(found, ast.Compare) and found.name.key == key


@pytest.mark.parametrize(
    "text",
    [
        "lr > 1 and (a = 2 or not b is missing)",
        'lr in (1, "x") or not (cnn and alive and since 3d)',
        '"it\'s \\"q\\"" in tags',
        "lr in 1..2",
    ],
)
def test_filters_can_be_written_again(text: str) -> None:
    """What `write` makes of a filter reads as the same filter."""
    node = parse(text).filter
    assert node is not None

    again = parse(write(node)).filter

    assert again is not None and write(again) == write(node)


@pytest.mark.parametrize(
    ("text", "word", "position"),
    [("x > 1 sort", "sort", 6), ("x > 1 order ", "order", 6)],
)
def test_a_sort_without_a_name_says_so(text: str, word: str, position: int) -> None:
    """What is wrong is told, with its place: not that a word is unexpected."""
    with pytest.raises(QueryError, match=f"A name is missing after `{word}`") as caught:
        parse(text)

    assert caught.value.position == position and caught.value.length == len(word)
