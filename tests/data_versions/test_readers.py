"""Files of tables: what is in them is read, all of it and as it is, or they are refused."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from peira.core.errors import UsageError
from peira.data.readers import read_table, type_of


def read(path: Path, content: str | bytes) -> dict[str, list[Any]]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    kind = type_of(path)
    assert kind is not None
    return {name: values.tolist() for name, values in read_table(path, kind).items()}


def test_a_late_value_decides_the_type_of_a_column(tmp_path: Path) -> None:
    """A fraction after 30,000 whole numbers is not rounded, a text after them is no error."""
    head = "x,y\n" + "1,0\n" * 30_000
    assert read(tmp_path / "a.csv", head + "1.5,0\n")["x"][-1] == 1.5
    assert read(tmp_path / "b.csv", head + "one,0\n")["x"][-1] == "one"


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ("1,2\n3\n4,5,6\n", 3),
        ("1,2\n" * 50 + "3,4,5\n" + "1,2\n" * 9, 52),
        ('"x, y"\na,4\n1,3\n', 2),
    ],
)
def test_rows_of_another_length_are_a_mistake(tmp_path: Path, rows: str, line: int) -> None:
    """They are neither passed over nor is the table read as one column of lines."""
    with pytest.raises(UsageError, match=f"ends in line {line} has"):
        read(tmp_path / "a.csv", "x,y\n" + rows)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("\ufeffx,y\n1,0\n", {"x": [1], "y": [0]}),
        ("text\nhello, world\nbaz\n", {"text": ["hello, world", "baz"]}),
        ('"a, b"\n1\n2\n', {"a, b": [1, 2]}),
        (
            'x,y\n"""q"" first",1\n' + "z" * 200_000 + ",2\n",
            {"x": ['"q" first', "z" * 200_000], "y": [1, 2]},
        ),
        ('text,y\n"line1\nline2, ""q""",1\n', {"text": ['line1\nline2, "q"'], "y": [1]}),
        ("id,y\n9007199254740993,1\n,0\n", {"id": [9_007_199_254_740_993, None], "y": [1, 0]}),
        ("x,y\n", {"x": [], "y": []}),
    ],
)
def test_odd_csv(tmp_path: Path, content: str, found: dict[str, list[Any]]) -> None:
    """Marks at the start, separators and line ends in quotes, large ids, no rows."""
    assert read(tmp_path / "a.csv", content) == found


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ('{"x":1}\n{"x":"1"}\n', {"x": [1, "1"]}),
        ('{"a":{"b":[1,"2",{"c":null}]}}\n{"a":{"b":[]}}\n',
         {"a": [{"b": [1, "2", {"c": None}]}, {"b": []}]}),
        ('{"day":"2026-01-01"}\n\n', {"day": ["2026-01-01"]}),
        ('{"x":1,"y":2}\n{"x":3}\n', {"x": [1, 3], "y": [2, None]}),
        ('[{"x":1},\n {"x":2}]\n', {"x": [1, 2]}),
        ('{"v":[0.5,1]}\n{"v":[2,3]}\n', {"v": [[0.5, 1.0], [2.0, 3.0]]}),
    ],
)  # fmt: skip
def test_values_of_json_lines_stay_what_they_are(
    tmp_path: Path, content: str, found: dict[str, list[Any]]
) -> None:
    """Numbers beside texts, nested values of several kinds, dates as texts, keys that lack."""
    read_back = read(tmp_path / "a.jsonl", content)
    if "y" in found and None in found["y"]:
        assert read_back["y"][0] == 2 and np.isnan(read_back["y"][1])
        del read_back["y"], found["y"]
    assert read_back == found


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "it is empty"),
        ("a.csv", b"x,y\nd\xe9j\xe0,1\n", "not utf-8"),
        ("a.jsonl", b'{"x":1}\n{"x":\n', "line 2"),
        ("a.jsonl", b'{"x":1}\n[1]\n', "row 2 is no object"),
        ("a.txt", b"\xff\xfe", "utf-8"),
        ("a.npz", b"PK\x03\x04broken", "a.npz cannot be read as npz"),
        ("a.parquet", b"PAR1", "a.parquet cannot be read as parquet"),
    ],
)
def test_broken_files_are_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    """With the name of the file, and what is wrong."""
    with pytest.raises(UsageError, match=message):
        read(tmp_path / name, content)


def test_packed_files_are_known_by_their_bytes(tmp_path: Path) -> None:
    """Texts too; a name that looks like a pattern names the one file."""
    assert read(tmp_path / "a.txt.gz", gzip.compress(b"one\ntwo\n")) == {"text": ["one", "two"]}
    assert read(tmp_path / "b[1].csv", gzip.compress(b"x\n1\n")) == {"x": [1]}
    assert read(tmp_path / "c.jsonl.gz", gzip.compress(b'{"x":1}\n')) == {"x": [1]}
    assert read(tmp_path / "d.txt", "one\u2028still one\r\n\r\ntwo") == {
        "text": ["one\u2028still one", "", "two"]
    }
    assert type_of(Path("x.npz.gz")) is None


def test_arrow_files_and_streams(tmp_path: Path) -> None:
    """Both forms of Arrow files have the same name; what is neither is refused."""
    arrow = pytest.importorskip("pyarrow")
    table = arrow.table({"x": [1, 2], "s": ["a", None]})
    for name, new in (("file", arrow.ipc.new_file), ("stream", arrow.ipc.new_stream)):
        with new(str(tmp_path / f"{name}.arrow"), table.schema) as writer:
            writer.write_table(table)
        found = read_table(tmp_path / f"{name}.arrow", "arrow")
        assert found["x"].tolist() == [1, 2] and found["s"].tolist() == ["a", None]
    with pytest.raises(UsageError, match="cannot be read as arrow"):
        read(tmp_path / "a.arrow", b"nothing of the kind")
