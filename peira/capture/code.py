"""The code that runs: script, entry point, git commit, and what differs from that commit.

Only files that git tracks are looked into.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from peira.capture.birth import SCRIPT, script_now
from peira.capture.git import Git
from peira.capture.redaction import PLACEHOLDER, is_secret_file, redact_source, redact_url

_UNTRACKED_MAX = 200
_LEFT_OUT_MAX = 200


def code(diff_bytes_max: int, timeout_s: float) -> dict[str, Any]:
    """Return the script, how it was entered, and, in a git work tree, commit, branch, remote, dirty
    flag and the diff of tracked files.

    Args:
        diff_bytes_max: the size of the diff; a file that does not fit any more is named in
            `diff_left_out`. timeout_s: limit of each git command.
    """
    facts = entry_point()
    # A script that is part of an installed package lies in no repository; the work may.
    folders = [Path(facts["script"]).parent] if facts.get("script") else []
    for folder in (*folders, Path.cwd()):
        git = Git(folder, timeout_s)
        root = git.root()
        if root is not None:
            break
    else:
        return facts
    try:
        facts["script"] = Path(facts["script"]).relative_to(root).as_posix()
    except (KeyError, ValueError):
        pass  # no script, or one outside the repository: its absolute path says so
    facts["git"] = _git_facts(git, root, diff_bytes_max)
    return facts


def entry_point() -> dict[str, Any]:
    """Return `kind` (script, module, notebook, console, command) and what goes with it."""
    main = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    script = script_now() or SCRIPT
    if "ipykernel" in sys.modules and "ipykernel" in (getattr(spec, "name", "") or ""):
        return {"kind": "notebook"}
    if spec is not None and script:
        return {"kind": "module", "module": spec.name, "script": script}
    if script:
        return {"kind": "script", "script": script}
    return {"kind": "command" if "-c" in sys.orig_argv[1:2] else "console"}


def _git_facts(git: Git, root: Path, diff_bytes_max: int) -> dict[str, Any]:
    facts: dict[str, Any] = {"root": str(root)}
    status = git.run(
        "status", "--porcelain=v2", "--branch", "-z", "--ignore-submodules=dirty", "--no-renames"
    )
    if status is None:  # a huge tree: without the search for untracked files it is quick
        facts["untracked"] = "not read: it took too long"
        status = git.run(
            "status", "--porcelain=v2", "--branch", "-z", "--ignore-submodules=dirty",
            "--no-renames", "--untracked-files=no",
        )  # fmt: skip
    if status is None:
        facts["error"] = "git status failed or took too long"
        facts["commit"] = (git.run("rev-parse", "HEAD") or "").strip() or None
        return facts
    changed, untracked = _read_status(status, facts)
    remote = _remote(git)
    if remote:
        facts["remote"] = remote
    facts["dirty"] = bool(changed)
    if "untracked" not in facts:
        facts["untracked_count"] = len(untracked)
        facts["untracked"] = untracked[:_UNTRACKED_MAX]
    if changed and facts.get("commit"):
        facts |= _diff(git, changed, diff_bytes_max)
    return facts


def _read_status(status: str, facts: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Put commit and branch into `facts`; return the changed and the untracked paths."""
    changed: list[str] = []
    untracked: list[str] = []
    for line in status.split("\0"):
        if line.startswith("# branch.oid "):
            commit = line.removeprefix("# branch.oid ")
            facts["commit"] = None if commit == "(initial)" else commit
        elif line.startswith("# branch.head "):
            branch = line.removeprefix("# branch.head ")
            facts["branch"] = None if branch == "(detached)" else branch
        elif line.startswith("1 "):
            changed.append(line.split(" ", 8)[8])
        elif line.startswith("u "):
            changed.append(line.split(" ", 10)[10])
        elif line.startswith("? "):
            untracked.append(line[2:])
    return changed, untracked


def _remote(git: Git) -> str | None:
    """The address of `origin`, else of the first remote, without credentials."""
    answer = git.run("config", "--get-regexp", r"^remote\..*\.url$") or ""
    remotes = dict(line.split(" ", 1) for line in answer.splitlines() if " " in line)
    address = remotes.get("remote.origin.url") or next(iter(remotes.values()), None)
    return redact_url(address) if address else None


def _diff(git: Git, changed: list[str], diff_bytes_max: int) -> dict[str, Any]:
    """Return the diff of `changed` files against the commit, file by file, as far as it fits."""
    secret = [path for path in changed if is_secret_file(path)]
    left_out = [{"path": path, "reason": "may hold secrets"} for path in secret]
    text = git.run(
        "diff", "HEAD", "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames",
        "--ignore-submodules=dirty", "--src-prefix=a/", "--dst-prefix=b/", "--unified=3",
        "--", ":(top)", *(f":(top,exclude,literal){path}" for path in secret),
    )  # fmt: skip
    if text is None:
        return {"diff": None, "diff_error": "git diff failed, took too long or was too large"}
    parts: list[str] = []
    size = 0
    redactions = 0
    for part in _split_by_file(text):
        clean = redact_source(part)
        redactions += clean.count(PLACEHOLDER) - part.count(PLACEHOLDER)
        part_bytes = len(clean.encode())
        if size + part_bytes > diff_bytes_max:
            left_out.append({"path": _path_of(part), "reason": f"{part_bytes} bytes of changes"})
            continue
        size += part_bytes
        parts.append(clean)
    return {
        "diff": "".join(parts),
        "diff_left_out": left_out[:_LEFT_OUT_MAX],
        "diff_redactions": redactions,
    }


def _split_by_file(diff: str) -> list[str]:
    # Lines of content start with a blank, + or -, so this start of a line is always a new file.
    starts = [0] if diff.startswith("diff --git ") else []
    position = diff.find("\ndiff --git ")
    while position >= 0:
        starts.append(position + 1)
        position = diff.find("\ndiff --git ", position + 1)
    return [diff[a:b] for a, b in zip(starts, [*starts[1:], len(diff)], strict=True)]


def _path_of(part: str) -> str:
    """`diff --git a/X b/X` (no renames): both halves name the same file."""
    names = part.partition("\n")[0].removeprefix("diff --git ")
    return names[: len(names) // 2].removeprefix('"').removesuffix('"').removeprefix("a/")
