"""The note in a restored folder: what is exact there, and what is not."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from peira.core.text import printable
from peira.lab.runs import RunRecord
from peira.rerun.command import shell_text
from peira.rerun.restored import Restored


def note(record: RunRecord, restored: Restored) -> str:
    """Return the note in Markdown."""
    when = datetime.fromtimestamp(record.created, UTC).isoformat(" ", "seconds")
    lines = [
        f"# {printable(record.name)}, restored",
        "",
        f"Run `{record.id}` of the project {printable(record.project)}, first run {when}.",
        "",
        *exact_lines(restored),
        "",
        "## What is not as it was",
        "",
        *(f"- {printable(sentence)}." for sentence in restored.sentences()),
        *([] if restored.sentences() else ["Nothing that is known of."]),
        "",
        "## To run it",
        "",
    ]
    if restored.command:
        command = printable(shell_text(restored.command))
        lines += ["```sh", "sh .restored/command.sh", f"# {command}", "```"]
    else:
        lines += ["Its command is not known."]
    if record.params:
        lines += ["", "## Params", "", "They are in `.restored/params.json`."]
    return "\n".join(lines)


def exact_lines(restored: Restored) -> list[str]:
    """Return what is exact, a sentence a line."""
    lines = []
    for role, noun in (("source", "source file"), ("input", "input file")):
        states = Counter(file.state for file in restored.files if file.role == role)
        if states:
            total = sum(states.values())
            plural = "s" if total != 1 else ""
            lines.append(
                f"{states['exact']} of {total} {noun}{plural} have exactly the recorded content."
            )
    if restored.from_commit:
        lines.append(
            f"{restored.from_commit:,} more files are those of the commit; the run is not known to"
            " have used them."
        )
    built = restored.environment
    if built is None:
        lines.append("Its packages were not installed.")
    elif built.python:
        packages = (
            f"{built.exact} of {built.packages} packages that were imported have their recorded"
            " version"
            if built.packages
            else "it imported no package"
        )
        lines.append(f"Python {built.version}; {packages}.")
    return lines
