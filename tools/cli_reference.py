"""Write docs/reference/cli.md from the live commands.

python tools/cli_reference.py            write the page
python tools/cli_reference.py --check    say whether it is up to date; exit 1 when not
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from peira.cli.app import app
from peira.cli.group import Application, Command, Family

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "cli.md"

HEAD = """\
# Command line

`peira` reads a lab and keeps people's decisions about it.
This page is written by `tools/cli_reference.py` from the commands themselves, and a test compares the two.
How to work with it: [use the command line](../how-to/use-the-command-line.md), [export runs](../how-to/export-runs.md).

## For all commands

A run is named by its id, the start or end of its id (4 characters or more), or its name.
A query is one text of filter, `group by` and `sort`: [the query language](query-language.md).

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | an error: damaged bytes, a lab that cannot be opened, a file that cannot be written |
| 2 | the command was written wrongly: an unknown option, a query that does not parse |
| 3 | what was named is not in the lab, or fits more than one thing |
| 4 | `peira rerun --verify`: it did not reproduce |
| 5 | `peira run --on-repeat refuse`: it was [run before](../explanation/repeats.md) |
| 6 | `peira data check`: something blocks |
| 126 | `peira run`: the program may not be executed. |
| 127 | `peira run`: there is no such program. |
| 130 | stopped with Ctrl-C, or a question was answered with no |
| 141 | the reader of the pipe went away |

An error is told on standard error: `error:`, then `hint:` with what to do next.
A mistake in a query is underlined where it is.

| environment variable | effect |
|---|---|
| `PEIRA_LAB` | the lab, when `--lab` does not name one |
| `NO_COLOR` | no colours, whatever its value |
| `FORCE_COLOR` | colours also in a pipe |
| `COLUMNS` | the width to keep to, also in a pipe |
| `VISUAL`, `EDITOR` | the editor of `peira note --edit` |

Output for people goes to standard output, counts and hints beside it to standard error.
On a terminal tables are cut to its width and times are ages; in a pipe nothing is cut and times are ISO 8601.
Names, notes and consoles are foreign text: control and bidirectional characters in them are written as escapes.

## JSON

`--json` prints one document; its shape stays.
NaN and infinity are the texts `"NaN"`, `"Infinity"`, `"-Infinity"`; times are seconds since the Unix epoch; durations are seconds; what is missing is null.

| command | document |
|---|---|
| `ls` | `{"total", "matched", "rows": [run]}`; a run is `id, name, project, state, user, host, group, created, ended, duration, tags, note, commit, why, alerts, rev, values` |
| `ls` with `group by` | `{"by", "matched", "groups", "columns": [{"name", "kind"}], "rows": [{"key", "n", "runs", "values"}]}`; a value is `n, missing, nonfinite, mean, std, low, high, min, max` |
| `compare` | `{"matched", "columns": [{"name", "kind", "direction"}], "rows": [run]}` |
| `diff` | `{"runs", "sections"}`, as [`GET /api/projects/{project}/compare`](http-api.md) answers |
| `best` | `{"metric", "direction", "matched", "rows": [run]}` |
| `show` | the run, and `parent, params, metrics, captured, artifacts, files, media, alerts_list, problems, verifications, determinism, replicates, lost_points, lost_reasons, seen, sealed, deleted, command, directory, python, peira, pid, end, console_size` |
| `queue` | `{"items": [{"id", "state", "command", "directory", "project", "name", "why", "staged", "by", "attempt", "run", "host", "pid", "gpus", "reason"}]}`; a state is `waiting`, `running`, `lost` or `failed` |
| `restore` | `{"run", "name", "root", "folder", "directory", "command", "files": [{"path", "role", "state", "how", "digest", "reason", "is_needed"}], "from_commit", "environment": {"python", "version", "packages", "exact", "unavailable", "inexact"}, "inexact"}` |
| `rerun` | `{"original", "runs", "inexact"}`; with `--verify` [a verification](../formats/journal.md#a-verification), with `--probe` what the probe found |
| `why` | `{"verdict", "causes": [{"id", "kind", "name", "a", "b", "lines", "remark", "rank", "is_restorable"}]}`; with `--bisect` `{"a", "b", "ending", "because", "causes", "is_together", "metric", "is_deterministic", "not_tried", "runs"}`, where `ending` is `cause`, `contributing`, `same`, `nothing-differs`, `within-noise`, `not-among-them` or `not-repeatable` |
| `sql` | `{"columns": [{"name", "type"}], "rows": [{column: value}]}` |
| `gc` | `{"dry_run", "sealed": [id], "purged": [id], "objects", "bytes"}` |

`values` of a run holds the columns of `--columns`; without it every param, and the last value of every metric that is not of the machine (`system/…`).
A param and a metric of the same name are told apart as `params.x` and `metrics.x`.
"""  # noqa: E501 (one sentence a line)


def page() -> str:
    """Return the page as it must be now."""
    context = click.Context(app, info_name="peira", **app.context_settings)
    parts = [
        HEAD,
        "## peira\n\n```\npeira [OPTIONS] COMMAND [ARGS]...\n```\n",
        options(app, context),
    ]
    parts += sections(app, context, "")
    return "\n".join(parts)


def sections(group: Application, context: click.Context, prefix: str) -> list[str]:
    """Return the sections of all commands of a group; a group among them before its commands."""
    parts = []
    for name in group.entries:
        command = group.get_command(context, name)
        full = f"{prefix}{name}"
        inner = click.Context(command or group, context, full)
        if isinstance(command, Application):
            parts.append(f"## peira {full}\n\n{prose(command.help or '')}")
            parts += sections(command, inner, f"{full} ")
            continue
        assert isinstance(command, Command)
        parts.append(describe(full, command, inner))
        for below in command.commands.values() if isinstance(command, Family) else ():
            assert isinstance(below, Command)
            parts.append(describe(f"{full} {below.name}", below, click.Context(below, inner)))
    return parts


def describe(name: str, command: Command, context: click.Context) -> str:
    """Return the section of one command."""
    usage = " ".join(command.collect_usage_pieces(context))
    lines = [f"## peira {name}\n", f"```\npeira {name} {usage}\n```\n"]
    lines.append(prose(command.help or ""))
    lines.append(options(command, context))
    lines.append("```sh")
    for example, purpose in command.examples:
        lines += [f"# {purpose}", example]
    lines.append("```\n")
    return "\n".join(lines)


def prose(text: str) -> str:
    """Return help text as Markdown, one sentence a line."""
    paragraphs = re.split(r"\n\s*\n", re.sub(r"^[ \t]+", "", text.strip(), flags=re.M))
    joined = [" ".join(paragraph.split()) for paragraph in paragraphs]
    return "\n\n".join(re.sub(r"(?<=[.:]) (?=[A-Z`])", "\n", p) for p in joined) + "\n"


def options(command: click.Command, context: click.Context) -> str:
    """Return the options as a table."""
    lines = ["| option | effect |", "|---|---|"]
    for parameter in command.get_params(context):
        if isinstance(parameter, click.Option) and (record := parameter.get_help_record(context)):
            names, text = (part.replace("|", "\\|") for part in record)
            lines.append(f"| `{names}` | {' '.join(text.split())} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    text = page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text)
        return 0
    if PAGE.exists() and PAGE.read_text() == text:
        return 0
    print(f"{PAGE} is not what the commands say; run: python tools/cli_reference.py")
    return 1


if __name__ == "__main__":
    sys.exit(main())
