"""Code, data, outputs and logs side by side."""

from __future__ import annotations

from pathlib import Path

import pytest

from peira.compare.comparison import Comparison, FileRow, FileSection
from peira.compare.diff import compare
from peira.lab.lab import Lab
from peira.record import events
from tests.compare.recorded import Recorded, Repository
from tests.lab.writing import START

TRAIN = "import helper\n\n\ndef fit(x):\n    return helper.scale(x) * 2\n"
HELPER = "def scale(x):\n    return x\n"


def section(found: Comparison, name: str = "code") -> FileSection:
    told = found.section(name)
    assert isinstance(told, FileSection)
    return told


def rows(found: Comparison, name: str = "code") -> dict[str, FileRow]:
    return {row.name: row for row in section(found, name).rows}


def lines(row: FileRow) -> list[str]:
    """The changed lines of a row, without context."""
    return [
        line
        for change in row.changes
        for hunk in change.hunks
        for line in hunk.lines
        if line[0] in "+-"
    ]


# Code that was kept: with git and without.


def test_kept_sources_are_compared_line_by_line(root: Path, lab: Lab) -> None:
    """What was imported lies in the object store; no git is needed to tell what changed."""
    a, b = Recorded(root, "a"), Recorded(root, "b")
    a.files("source", "/w", train_py=TRAIN, helper_py=HELPER)
    b.files("source", "/w", train_py=TRAIN.replace("* 2", "* 3"), helper_py=HELPER)
    found = rows(compare(lab, ["a", "b"]))
    assert not found["helper.py"].differs
    assert lines(found["train.py"]) == [
        "-    return helper.scale(x) * 2", "+    return helper.scale(x) * 3",
    ]  # fmt: skip
    assert found["train.py"].changes[0].hunks[0].heading == "def fit(x):"


def test_the_same_project_in_two_folders_is_one(root: Path, lab: Lab) -> None:
    """Files are told apart by their place in the project, not by where the project lies."""
    a, b = Recorded(root, "a"), Recorded(root, "b")
    a.files("source", "/home/ada/p", train_py=TRAIN)
    b.files("source", "/scratch/p-copy", train_py=TRAIN)
    found = section(compare(lab, ["a", "b"]))
    assert (found.equal, found.differing) == (1, 0)


def test_runs_with_the_same_version_share_a_change(root: Path, lab: Lab) -> None:
    """Of several runs each other version is told once, with the runs that have it."""
    for name, text in (("a", "1\n"), ("b", "2\n"), ("c", "2\n"), ("d", "1\n"), ("e", "3\n")):
        Recorded(root, name).files("source", "/w", x_py=text)
    (row,) = section(compare(lab, list("abcde"))).rows
    assert [change.to for change in row.changes] == [[1, 2], [4]]


def test_a_lost_object_costs_only_its_lines(root: Path, lab: Lab) -> None:
    """When kept content is gone or damaged the digests still tell, and the reason is given."""
    a, b = Recorded(root, "a"), Recorded(root, "b")
    a.files("source", "/w", x_py="1\n")
    b.files("source", "/w", x_py="2\n")
    (row,) = section(compare(lab, ["a", "b"])).rows
    digest = row.versions[1].digest if row.versions[1] else ""
    lab.objects.path(digest or "").write_bytes(b"other")
    (row,) = section(compare(lab, ["a", "b"])).rows
    assert row.differs and "damaged" in row.changes[0].reason
    lab.objects.delete(digest or "")
    (row,) = section(compare(lab, ["a", "b"])).rows
    assert row.differs and "is gone" in row.changes[0].reason


# Code that only git has.


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository with one commit."""
    made = Repository(tmp_path / "project")
    made.write(train_py=TRAIN, helper_py=HELPER, README_md="# A project\n")
    made.commit()
    return made


def recorded(root: Path, name: str, repository: Repository) -> Recorded:
    run = Recorded(root, name)
    run.captured("code", **repository.facts())
    return run


def test_code_is_rebuilt_from_commits_and_their_changes(
    root: Path, lab: Lab, repository: Repository
) -> None:
    """Commit and recorded diff give each run's true code, across commits and uncommitted work."""
    recorded(root, "a", repository)
    repository.write(helper_py=HELPER.replace("x\n", "x / 2\n"))
    recorded(root, "b", repository)
    repository.commit()
    repository.write(train_py=TRAIN.replace("* 2", "* 3"))
    recorded(root, "c", repository)
    found = rows(compare(lab, ["a", "b"]))
    assert lines(found["helper.py"]) == ["-    return x", "+    return x / 2"]
    assert list(found) == ["helper.py"]
    # What b had uncommitted is what c has committed: the same code.
    assert list(rows(compare(lab, ["b", "c"]))) == ["train.py"]
    version = rows(compare(lab, ["b", "c"]))["train.py"].versions[0]
    assert version is not None and version.origin == "commit"


def test_files_that_came_and_went_in_git(root: Path, lab: Lab, repository: Repository) -> None:
    """A file that a commit adds, and one that was deleted uncommitted, are only in one run."""
    recorded(root, "a", repository)
    repository.write(new_py="x = 1\n")
    repository.commit()
    (repository.folder / "helper.py").unlink()
    recorded(root, "b", repository)
    found = rows(compare(lab, ["a", "b"]))
    assert [v is not None for v in found["new.py"].versions] == [False, True]
    assert [v is not None for v in found["helper.py"].versions] == [True, False]


def test_untracked_files_without_content_are_not_known(
    root: Path, lab: Lab, repository: Repository
) -> None:
    """An untracked file that the run is not known to have used cannot be compared, and says so."""
    a = recorded(root, "a", repository)
    a.files("source", str(repository.folder), train_py=TRAIN, extra_py="x = 1\n")
    repository.write(extra_py="x = 2\n")
    recorded(root, "b", repository)
    row = rows(compare(lab, ["a", "b"]))["extra.py"]
    assert not row.differs and not row.is_known
    assert row.versions[1] is not None and "not tracked" in row.versions[1].reason


def test_files_that_nobody_imported_are_incidental(
    root: Path, lab: Lab, repository: Repository
) -> None:
    """Once it is known what was imported, other changes of the repository cannot be the reason."""
    where = str(repository.folder)
    recorded(root, "a", repository).files("source", where, train_py=TRAIN)
    repository.write(README_md="# Another project\n")
    recorded(root, "b", repository).files("source", where, train_py=TRAIN)
    found = compare(lab, ["a", "b"])
    row = rows(found)["README.md"]
    assert row.differs and row.is_incidental and row.remark == "not imported"
    assert section(found).differing == 0
    assert rows(found.only_differences()) == {}


def test_a_file_that_only_one_run_imported_says_so(
    root: Path, lab: Lab, repository: Repository
) -> None:
    """The file is in both trees; that one run did not import it is told, not called missing."""
    where = str(repository.folder)
    recorded(root, "a", repository).files("source", where, train_py=TRAIN, helper_py=HELPER)
    recorded(root, "b", repository).files("source", where, train_py=TRAIN)
    row = rows(compare(lab, ["a", "b"]))["helper.py"]
    assert not row.differs and row.remark == "not imported by B"


def test_without_the_repository_recorded_changes_are_compared(
    root: Path, lab: Lab, repository: Repository
) -> None:
    """On a machine without the commit the changes against it still tell what differs."""
    recorded(root, "a", repository)
    repository.write(helper_py=HELPER.replace("x\n", "x / 2\n"))
    recorded(root, "b", repository)
    repository.folder.rename(repository.folder.with_name("gone"))
    found = compare(lab, ["a", "b"])
    assert "+    return x / 2" in "\n".join(lines(rows(found)["helper.py"]))
    assert any("does not have the commit" in remark for remark in section(found).remarks)


def test_without_the_repository_other_commits_are_other_code(
    root: Path, lab: Lab, repository: Repository
) -> None:
    """Two commits that cannot be looked into differ, and the page says that it sees no more."""
    recorded(root, "a", repository)
    repository.write(train_py="x = 1\n")
    repository.commit()
    recorded(root, "b", repository)
    repository.folder.rename(repository.folder.with_name("gone"))
    (row,) = section(compare(lab, ["a", "b"])).rows
    assert row.name == "git commit" and row.differs and "does not have" in row.remark


def test_a_repository_beside_the_lab_is_asked_too(
    tmp_path: Path, lab: Lab, root: Path, repository: Repository
) -> None:
    """The project was moved, with its lab in it: the commit is found there."""
    recorded(root, "a", repository)
    repository.write(train_py="x = 1\n")
    repository.commit()
    recorded(root, "b", repository)
    (repository.folder / ".git").rename(root.parent / ".git")
    repository.folder.rename(repository.folder.with_name("gone"))
    assert "+x = 1" in lines(rows(compare(lab, ["a", "b"]))["train.py"])


def test_a_record_that_only_guesses_gets_nothing(
    root: Path, lab: Lab, repository: Repository
) -> None:
    """A forged record reads no repository: `HEAD` and short names are no commits."""
    full = repository.git("rev-parse", "HEAD").strip()
    for n, guess in enumerate(("HEAD", "main", full[:12])):
        git = {"root": str(repository.folder), "commit": guess, "diff": "", "dirty": False}
        Recorded(root, f"run-{n}").captured("code", git=git)
    found = section(compare(lab, ["run-0", "run-1", "run-2"]))
    assert [row.name for row in found.rows] == ["git commit"]


def test_changes_with_a_secret_taken_out_are_not_rebuilt(
    root: Path, lab: Lab, repository: Repository
) -> None:
    """A redacted diff does not give the file; its content is not known, never a wrong one."""
    recorded(root, "a", repository)
    repository.write(helper_py=HELPER + "TOKEN = 'abc'\n")
    facts = repository.facts()
    facts["git"]["diff"] = facts["git"]["diff"].replace("'abc'", "[redacted]")
    Recorded(root, "b").captured("code", **facts)
    row = rows(compare(lab, ["a", "b"]))["helper.py"]
    assert not row.is_known and row.versions[1] is not None
    assert "secret" in row.versions[1].reason


def test_no_code_at_all_is_not_recorded(root: Path, lab: Lab) -> None:
    """A console session without git has no code to compare, and that is what is said."""
    Recorded(root, "a").captured("code", kind="console")
    Recorded(root, "b").captured("code", kind="console")
    assert section(compare(lab, ["a", "b"])).recorded == [False, False]


# Data, outputs, logs.


def test_inputs_are_told_apart_by_content(root: Path, lab: Lab) -> None:
    """A changed row shows as changed lines when the file was kept, else as two digests."""
    a, b = Recorded(root, "a"), Recorded(root, "b")
    a.files("input", "/w", rows_csv="x,y\n1,2\n3,4\n", same_csv="s\n", only_csv="o\n")
    b.files("input", "/w", rows_csv="x,y\n1,2\n3,5\n", same_csv="s\n")
    a.files("input", "/w", kept=False, big_bin="a")
    b.files("input", "/w", kept=False, big_bin="b")
    found = rows(compare(lab, ["a", "b"]), "data")
    assert lines(found["rows.csv"]) == ["-3,4", "+3,5"]
    assert not found["same.csv"].differs
    assert [v is not None for v in found["only.csv"].versions] == [True, False]
    assert found["big.bin"].differs and "not kept" in found["big.bin"].changes[0].reason


def test_a_file_that_was_not_read_is_not_known(root: Path, lab: Lab) -> None:
    """Without a digest nobody can say whether it differs: neither equal nor different."""
    for name in "ab":
        seen = events.SeenFile(path="x.csv", reason="too large")
        line = events.Files(time=START, role="input", root="/w", files=[seen])
        Recorded(root, name).event(line)
    found = section(compare(lab, ["a", "b"]), "data")
    assert (found.equal, found.differing, found.unknown) == (0, 0, 1)
    assert not found.rows[0].is_known
    assert len(section(compare(lab, ["a", "b"]).only_differences(), "data").rows) == 1


def test_files_that_lie_elsewhere_are_found_again(root: Path, lab: Lab) -> None:
    """By content under any name, then by the name of the file; the row tells the other path."""
    a, b = Recorded(root, "a"), Recorded(root, "b")
    a.files("input", "/old", x_csv="same\n", rows_csv="1\n", both_csv="s\n", lone_csv="l\n")
    b.files("input", "/new", y_csv="same\n", both_csv="s\n")
    b.files("input", "/new/deep", **{"/other/rows_csv": "2\n"})
    found = rows(compare(lab, ["a", "b"]), "data")
    assert set(found) == {"x.csv", "rows.csv", "both.csv", "lone.csv"}
    assert not found["x.csv"].differs and found["x.csv"].remark == "also as y.csv"
    assert lines(found["rows.csv"]) == ["-1", "+2"]
    assert found["rows.csv"].versions[1] is not None
    assert found["rows.csv"].versions[1].path == "/other/rows.csv"
    assert found["lone.csv"].versions[1] is None


def test_files_that_are_not_listed_or_not_sure_are_told(root: Path, lab: Lab) -> None:
    """A run that read more than is listed says so, and so does a file that a watch saw."""
    a, b = Recorded(root, "a"), Recorded(root, "b")
    b.files("input", "/w", x_csv="1\n")
    seen = events.SeenFile(path="x.csv", object="0" * 64, is_sure=False)
    a.event(events.Files(time=START, role="input", root="/w", files=[seen], omitted=7))
    found = section(compare(lab, ["a", "b"]), "data")
    assert found.remarks == ["7 more of A are not listed"]
    assert "another process" in found.rows[0].remark


def test_cells_of_notebooks_are_code(root: Path, lab: Lab) -> None:
    """What was executed, in its order, is one text; how often a cell ran does not matter."""
    for name, number in (("a", 1), ("b", 2)):
        run = Recorded(root, name)
        for index, source in enumerate(("import math", f"x = {number}")):
            run.event(events.Cell(time=START, index=index, source=source, count=number))
    found = compare(lab, ["a", "b"])
    assert lines(rows(found)["notebook cells"]) == ["-x = 1", "+x = 2"]
    assert section(found).recorded == [True, True]


def test_artifacts_are_data_or_outputs(root: Path, lab: Lab) -> None:
    """An artifact that a run used is data, one that it made is a file of it."""
    for name, text in (("a", b"1\n"), ("b", b"2\n")):
        run = Recorded(root, name)
        stored = lab.objects.put_bytes(text)
        file = events.File("part.txt", stored.digest, stored.size)
        for what, role in (("digits", "used"), ("model", "made")):
            run.event(
                events.Artifact(time=START, name=what, type="data", role=role, files=[file])  # type: ignore[arg-type]
            )
    found = compare(lab, ["a", "b"])
    assert lines(rows(found, "data")["digits/part.txt"]) == ["-1", "+2"]
    assert lines(rows(found, "files")["model/part.txt"]) == ["-1", "+2"]


def test_versions_of_a_data_set_are_one_row(root: Path, lab: Lab) -> None:
    """`digits:v1` and `digits:v2` are versions of the same thing, told apart by content."""
    for name, version in (("a", "v1"), ("b", "v2")):
        run = Recorded(root, name)
        for part in ("", ":main/train"):
            run.event(
                events.Artifact(
                    time=START,
                    name=f"digits:{version}{part}",
                    type="dataset",
                    role="used",
                    files=[events.File("manifest.json", "0" * 64, 1)],
                    metadata={"content": version + part, "rows": 1437},
                )
            )
    found = rows(compare(lab, ["a", "b"]), "data")
    assert list(found) == ["digits", "digits:main/train"]
    assert found["digits"].differs and found["digits"].remark == "digits:v1 / digits:v2"
    for row in found.values():
        assert row.changes[0].reason == "what changed: peira data diff digits:v1 digits:v2"
        assert row.versions[0] is not None and "1,437 rows" in row.versions[0].reason


def test_logs_are_compared(root: Path, lab: Lab) -> None:
    """What was printed is a file like another; a run that printed nothing recorded none."""
    for name, text in (("a", "epoch 1\nloss 0.5\n"), ("b", "epoch 1\nloss 0.6\n")):
        (Recorded(root, name).path / "console.log").write_text(text)
    Recorded(root, "c")
    assert lines(rows(compare(lab, ["a", "b"]), "logs")["console.log"]) == [
        "-loss 0.5", "+loss 0.6",
    ]  # fmt: skip
    assert section(compare(lab, ["a", "c"]), "logs").recorded == [True, False]
