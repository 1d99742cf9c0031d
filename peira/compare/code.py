"""The code section: what each run's code really was, file by file.

Where a version of a file comes from, the surest first:

    the file as the run imported it       kept in the object store           `Files(role="source")`
    its commit with the recorded changes  rebuilt, when git has the commit   aspect `code`
    the recorded changes alone            compared as they are               aspect `code`

Files of the repository that no run imported are incidental, as soon as it is known what was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack

import msgspec

from peira.compare.codeofrun import CodeOfRun, open_commits
from peira.compare.comparison import LETTERS, FileRow, FileSection, Version, counted
from peira.compare.files import Files, file_rows
from peira.compare.textdiff import Budget
from peira.lab.lab import Lab
from peira.lab.runs import RunRecord

CHANGED_FILES_MAX = 500
"""Files that differ between commits, and nobody is known to have imported, are compared up to here.
"""
COMMIT_ROW = "git commit"
CELLS_ROW = "notebook cells"


def code(lab: Lab, records: Sequence[RunRecord], budget: Budget) -> FileSection:
    """Return the project files that the runs imported or ran, and what else differs in git."""
    runs = [CodeOfRun(lab, record) for record in records]
    if all(run.root for run in runs):
        for run in runs:
            run.base = run.root
    is_one_commit = len({run.commit_name for run in runs if run.has_git}) == 1
    for run in runs:
        run.is_one_commit = is_one_commit
    remarks: list[str] = []
    with ExitStack() as opened:
        open_commits(runs, lab.root.parent, opened)
        used = dict.fromkeys(name for run in runs for name in run.used)
        others = [name for name in _changed(runs) if name not in used]
        if len(others) > CHANGED_FILES_MAX:
            remarks.append(f"{len(others) - CHANGED_FILES_MAX:,} more files differ in git")
            others = others[:CHANGED_FILES_MAX]
        for run in runs:
            run.read_blobs([*used, *others])
    names = [*used, *others]
    found = [_versions(run, names) for run in runs]
    rows = [_told(row, runs) for row in file_rows(found, budget)]
    kept = {*used, CELLS_ROW}
    rows = [row for row in rows if row.differs or not row.is_known or row.name in kept]
    rows += _unseen(runs)
    old = [run for run in runs if run.has_git and not run.used]
    if any(run.tree is None for run in old):
        remarks.append("git does not have the commit: the recorded changes to it are compared")
    elif old:
        remarks.append("rebuilt from git: which files were imported was not recorded")
    scripts = {run.script for run in runs}
    rows.sort(key=lambda row: (row.is_incidental, row.name not in scripts, row.name))
    recorded = [run.is_recorded for run in runs]
    return FileSection(name="code", remarks=remarks, rows=rows, **counted(rows, recorded))


def _changed(runs: Sequence[CodeOfRun]) -> list[str]:
    """Return names of files that differ, or may differ, in git."""
    told = [run for run in runs if run.has_git]
    names = {name for run in told for name in run.touched}
    trees = [run.tree for run in told if run.tree is not None]
    if len({run.commit_name for run in told}) > 1 and len(trees) > 1:
        for name in set().union(*trees):
            if len({tree[name].blob if name in tree else None for tree in trees}) > 1:
                names.add(name)
    read = {name for run in runs for name in run.inputs}
    return sorted(names - read)  # what was read is told under "data"


def _versions(run: CodeOfRun, names: Iterable[str]) -> Files | None:
    if not run.is_recorded:
        return None
    found = {CELLS_ROW: run.cells} | {name: run.held(name) for name in names}
    return {name: held for name, held in found.items() if held is not None}


def _told(row: FileRow, runs: Sequence[CodeOfRun]) -> FileRow:
    """Say of a file who imported it, when that is known and not the same for all."""
    if row.name == CELLS_ROW:
        return row
    knowing = [i for i, run in enumerate(runs) if run.used]
    users = [i for i in knowing if row.name in runs[i].used]
    is_incidental = not users and len(knowing) == len(runs)
    remark = row.remark
    if is_incidental:
        remark = "not imported"
    elif knowing and len(users) < len(knowing) and len(knowing) == len(runs):
        there = [i for i in knowing if i not in users and row.versions[i] is not None]
        if there:
            remark = f"not imported by {', '.join(LETTERS[i] for i in there)}"
    return msgspec.structs.replace(row, is_incidental=is_incidental, remark=remark)


def _unseen(runs: Sequence[CodeOfRun]) -> list[FileRow]:
    """Return a row for commits that differ when nothing can be said of what is in them."""
    told = [run for run in runs if run.has_git and not run.used]
    if len({run.commit_name for run in told}) < 2 or all(run.tree is not None for run in told):
        return []
    missing = sorted({run.root for run in told if run.tree is None})
    versions = [
        Version(digest=run.commit_name, origin="recorded") if run.has_git else None for run in runs
    ]
    return [
        FileRow(
            name=COMMIT_ROW,
            versions=versions,
            differs=True,
            remark=f"git does not have the commits at {', '.join(missing)}: only the recorded"
            " changes can be compared",
        )
    ]
