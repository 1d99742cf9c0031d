"""The house style as a test: sizes, banned calls, titles, blobs, the shape of the changelog."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILE_LINES_MAX = 800
TEST_FILE_LINES_MAX = 1_000
CLASS_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
PARAMETERS_MAX = 10
LOOSE_PARAMETERS_MAX = 5
BLOB_BYTES_MAX = 256 * 1024
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers"}

# Places that may catch everything, each with its reason.
CATCH_ALL = {
    "peira/capture/surroundings.py": "one aspect of a strange machine must not cost the others",
    "peira/capture/hook/border.py": "the hook runs inside the program's own open()",
    "peira/capture/hook/site/sitecustomize.py": "a program must not die of being observed",
    "peira/objective.py": "a trial that fails must not end its sweep",
    "peira/recorder.py": "the border of recording: training must not die of tracking",
}


def tracked() -> list[Path]:
    """Return the files git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [p for p in (ROOT / line for line in listed.stdout.splitlines()) if p.is_file()]


FILES = tracked()
PYTHON = [p for p in FILES if p.suffix == ".py"]
SHIPPED = [p for p in PYTHON if p.is_relative_to(ROOT / "peira")]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", PYTHON, ids=name)
def test_files_are_of_a_size_to_be_read(path: Path) -> None:
    """A file over the limit holds more than one noun."""
    limit = TEST_FILE_LINES_MAX if name(path).startswith("tests/") else FILE_LINES_MAX
    assert len(path.read_text().splitlines()) <= limit


@pytest.mark.parametrize("path", SHIPPED, ids=name)
def test_classes_and_functions_are_of_a_size_to_be_read(path: Path) -> None:
    """A class over 400 lines or a function over 70 (docstring apart) is to be split."""
    wrong = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ClassDef) and length(node) > CLASS_LINES_MAX:
            wrong.append(f"{name(path)}:{node.lineno}: class {node.name} has {length(node)} lines")
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = length(node) - docstring_lines(node)
            if lines > FUNCTION_LINES_MAX:
                wrong.append(f"{name(path)}:{node.lineno}: {node.name} has {lines} lines")
            positional = node.args.posonlyargs + node.args.args
            loose = [a for a in positional if a.arg not in ("self", "cls")]
            if len(loose) > LOOSE_PARAMETERS_MAX:
                wrong.append(
                    f"{name(path)}:{node.lineno}: {node.name} takes {len(loose)} loose parameters"
                )
            if len(loose) + len(node.args.kwonlyargs) > PARAMETERS_MAX:
                wrong.append(
                    f"{name(path)}:{node.lineno}: {node.name} wants a record of parameters"
                )
    assert not wrong, "\n".join(wrong)


def length(node: ast.stmt) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


def docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        return length(first)
    return 0


@pytest.mark.parametrize("path", SHIPPED, ids=name)
def test_only_named_borders_catch_everything(path: Path) -> None:
    """`except Exception` (or wider) stands only where the list says why."""
    caught = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
        and not raises_again(node)
    ]
    if name(path) not in CATCH_ALL:
        assert not caught, f"{name(path)}: lines {caught}"


def raises_again(handler: ast.ExceptHandler) -> bool:
    """Whether the handler only tidies up: its last statement raises what it caught."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def test_every_border_that_catches_everything_still_does() -> None:
    """The list names no file that does not need it."""
    assert [f for f in CATCH_ALL if not (ROOT / f).is_file()] == []


@pytest.mark.parametrize("path", SHIPPED, ids=name)
def test_nothing_dangerous_is_called(path: Path) -> None:
    """No eval, exec, pickle.load, os.system or shell; the message names what to use."""
    banned = {
        "eval": "the query language",
        "exec": "nothing: code is data",
        "os.system": "subprocess with a list",
        "pickle.load": "nothing: no pickle on view",
        "pickle.loads": "nothing: no pickle on view",
        "yaml.load": "yaml.safe_load",
        "tempfile.mktemp": "tempfile.mkstemp",
    }
    wrong = []
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if ast.unparse(node) == "exec('raise KeyboardInterrupt')":
            continue  # a constant; peira/record/ending.py says what CPython makes of it
        if called in banned:
            wrong.append(f"{name(path)}:{node.lineno}: {called} is banned; use {banned[called]}")
        if any(k.arg == "shell" and ast.unparse(k.value) != "False" for k in node.keywords):
            wrong.append(f"{name(path)}:{node.lineno}: no shell; use a list of words")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", SHIPPED, ids=name)
def test_public_things_have_docstrings(path: Path) -> None:
    """Each module with code and each public class and function at module level says what it is."""
    tree = ast.parse(path.read_text())
    if not tree.body:
        return
    missing = [] if ast.get_docstring(tree) else [f"{name(path)}: the module"]
    missing += [
        f"{name(path)}:{node.lineno}: {node.name}"
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert not missing, "\n".join(missing)


@pytest.mark.parametrize("path", [p for p in PYTHON if p.name.startswith("test_")], ids=name)
def test_every_test_states_its_promise(path: Path) -> None:
    """The docstring of a test is its specification."""
    missing = [
        f"{name(path)}:{node.lineno}: {node.name}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert not missing, "\n".join(missing)


def test_names_are_nouns_of_the_field() -> None:
    """No file or folder is called by a word that says nothing."""
    vague = [name(p) for p in FILES if VAGUE & set(re.split(r"[/._]", name(p)))]
    assert not vague


@pytest.mark.parametrize("path", [p for p in FILES if p.suffix == ".md"], ids=name)
def test_each_page_has_one_title(path: Path) -> None:
    """A Markdown page opens with its one title."""
    text = re.sub(r"^(```|~~~).*?^\1", "", path.read_text(), flags=re.S | re.M)
    assert len(re.findall(r"^# ", text, flags=re.M)) == 1


def test_no_blob_is_big() -> None:
    """Nothing over 256 KiB is tracked, screenshots of the docs and the lock file apart."""
    big = [
        name(p)
        for p in FILES
        if p.stat().st_size > BLOB_BYTES_MAX
        and not name(p).startswith("docs/pictures/")
        and p.name != "package-lock.json"
    ]
    assert not big


def test_links_in_the_docs_lead_somewhere() -> None:
    """Every relative link of a Markdown page names a file that is there."""
    broken = []
    for page in (p for p in FILES if p.suffix == ".md"):
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
            if re.match(r"[a-z]+:", target):
                continue
            if not (page.parent / target).exists():
                broken.append(f"{name(page)}: {target}")
    assert not broken, "\n".join(broken)


def test_the_changelog_has_its_shape() -> None:
    """Versions are second-level headings, kinds third-level ones from the fixed list."""
    text = (ROOT / "CHANGELOG.md").read_text()
    kinds = set(re.findall(r"^### (.+)$", text, flags=re.M))
    assert re.search(r"^## (Unreleased|\d+\.\d+\.\d+)", text, flags=re.M)
    assert kinds <= {"Breaking", "Deprecated", "Added", "Changed", "Fixed"}


def test_the_readme_is_short() -> None:
    """A newcomer reads the README to its end."""
    assert len((ROOT / "README.md").read_text().splitlines()) < 150
