"""The code that runs: script, entry point, and the work tree of git that it lies in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from peira.capture.repository import work_tree
from peira.capture.settings import CaptureSettings
from peira.capture.subject import Subject
from peira.capture.surroundings import Keep


def code(settings: CaptureSettings, subject: Subject, keep: Keep | None) -> dict[str, Any]:
    """Return what is run and how it was entered, and, in a git work tree, `git`: commit, branch,
    remote, and what differs from the commit.

    Args:
        keep: see `Surroundings`.
    """
    facts = dict(subject.entry)
    # A script that is part of an installed package lies in no repository; the work may.
    folders = [Path(facts["script"]).parent] if facts.get("script") else []
    folders += [Path(subject.directory)] if subject.directory else []
    for folder in folders:
        found = work_tree(folder, settings, keep)
        if found is not None:
            facts["git"] = found
            break
    try:
        root = facts["git"]["root"]
        facts["script"] = Path(facts["script"]).relative_to(root).as_posix()
    except (KeyError, ValueError):
        pass  # no script, or one outside the repository: its absolute path says so
    return facts
