"""Git, asked in ways that start nothing else: no hook, no file-system monitor, no external diff, no
text conversion, no content filter, no pager, no prompt, no lock.
"""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path
from typing import IO

OUTPUT_BYTES_MAX = 8 * 1024 * 1024
"""What git may print at most; a diff beyond it is of data, not of code."""


class Git:
    """Asks git about one work tree, with everything off that would start another program.

    Args:
        protocols: over which git may speak with other repositories, joined by `:`; none of them
            unless they are named.
    """

    def __init__(self, folder: Path, timeout_s: float, *, protocols: str = "none") -> None:
        self._folder = folder
        self._timeout_s = timeout_s
        self._protocols = protocols
        self._options = [
            "--no-pager",
            "--no-optional-locks",
            "-c", "core.fsmonitor=false",
            "-c", f"core.hooksPath={os.devnull}",
            "-c", "core.untrackedCache=false",
            "-c", "core.quotePath=false",
            "-c", "diff.external=",
            "-c", "diff.trustExitCode=false",
            "-c", "diff.submodule=short",
        ]  # fmt: skip

    def root(self) -> Path | None:
        """The top folder of the work tree; None outside of one, or without git. Switches content
        filters off, which git would else start to compare a file.
        """
        found = self.run("rev-parse", "--show-toplevel")
        if not found:
            return None
        pattern = r"^filter\..*\.(clean|process)$"
        names = self.run("config", "--name-only", "-z", "--get-regexp", pattern) or ""
        for name in names.split("\0"):
            if "=" in name:  # cannot be switched off on the command line: then git is not asked
                return None
            if name:
                self._options += ["-c", f"{name}="]
                self._options += ["-c", f"{name.rpartition('.')[0]}.required=false"]
        return Path(found.rstrip("\n"))

    def run(self, *arguments: str) -> str | None:
        """Return what git printed; None when it failed, was not there or took too long."""
        output = self.read(*arguments)
        return None if output is None else output.decode("utf-8", "replace")

    def read(
        self, *arguments: str, given: bytes = b"", bytes_max: int = OUTPUT_BYTES_MAX
    ) -> bytes | None:
        """As `run`, but the bytes; git finds `given` on its standard input.

        An answer of `bytes_max` or more is None, too.
        """
        environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        environment |= {
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_NO_LAZY_FETCH": "1",  # a partial clone must not fetch, nor with a git that
            "GIT_ALLOW_PROTOCOL": self._protocols,  # does not know the line above
            "LC_ALL": "C",
        }
        with _file_of(given) as stdin:
            try:
                process = subprocess.Popen(
                    ["git", *self._options, *arguments],
                    cwd=self._folder,
                    env=environment,
                    stdin=stdin,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,  # Ctrl-C is for training
                )
            except OSError:
                return None
        return self._wait(process, bytes_max)

    def _wait(self, process: subprocess.Popen[bytes], bytes_max: int) -> bytes | None:
        limit = threading.Timer(self._timeout_s, process.kill)
        limit.daemon = True
        limit.start()
        assert process.stdout is not None
        with process.stdout as pipe:
            output = pipe.read(bytes_max)
        is_cut = len(output) >= bytes_max
        if is_cut:
            process.kill()
        status = process.wait()
        limit.cancel()
        return output if status == 0 and not is_cut else None


def _file_of(data: bytes) -> IO[bytes]:
    """Return a file to read `data` from: a pipe would have to be filled while git answers."""
    if not data:
        return open(os.devnull, "rb")  # noqa: PTH123 - a device
    import tempfile  # here: it costs a program that only records several ms

    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    file.write(data)
    file.seek(0)
    return file
