"""A run as its record tells it, read from its folder, as far as comparing it needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from peira.capture.fingerprint import Fingerprint
from peira.core.errors import DamagedError, NotFoundError, UnsupportedError, UsageError
from peira.objects.folder import FolderObjects
from peira.record import events, liveness, reader
from peira.record.folder import RunFolder
from peira.record.points import KEY_SET_MARK, NONFINITE

EVENTS_BYTES_MAX = 64 << 20
POINTS_BYTES_MAX = 1 << 20


class Recorded(msgspec.Struct, kw_only=True):
    """A run as its record tells it, as far as a comparison needs it."""

    birth: events.Birth
    name: str
    state: str
    fingerprint: Fingerprint
    end: events.End | None = None
    params: dict[str, Any] = msgspec.field(default_factory=dict)
    files: list[events.Files] = msgspec.field(default_factory=list)
    used: list[events.Artifact] = msgspec.field(default_factory=list)
    """Versions of data sets, and artifacts of other runs."""
    captured: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    """What surrounded it, by aspect: at least what a fingerprint counts."""
    number: int | None = None
    """In the index; None for one that was read from its folder."""

    @property
    def id(self) -> str:
        """Its id."""
        return self.birth.id


def read_folder(folder: RunFolder, entry: str = "") -> Recorded | None:
    """Return the run of a folder; None when it cannot be read, or is not of the program `entry`."""
    try:
        birth = folder.read_birth()
        lines = {
            path.name: path.read_bytes()
            for path in folder.events_files()
            if path.stat().st_size < EVENTS_BYTES_MAX
        }
    except (OSError, DamagedError, NotFoundError, UnsupportedError):
        return None
    if not any(entry.encode() in data for data in lines.values()):
        return None
    run = Recorded(birth=birth, name=birth.name, state="", fingerprint=Fingerprint())
    for name, data in lines.items():
        for _, event in reader.events(reader.scan(data, file=name, is_final=True)).records:
            fold(run, event, is_main=name == "events.jsonl")
    sign = liveness.last_sign_of_life(folder) if run.end is None else 0.0
    run.state = liveness.state(birth, run.end, sign)
    return run if entry in ("", run.fingerprint.entry) else None


def complete(run: Recorded, root: Path) -> Recorded:
    """Put the files that are too many for events, and stand in listings, into `run.files`."""
    for index, line in enumerate(run.files):
        if line.listing is None:
            continue
        try:
            data = FolderObjects(root / "objects").read(line.listing)
            listing = msgspec.json.decode(data, type=events.FileListing)
        except (OSError, NotFoundError, DamagedError, UsageError, msgspec.MsgspecError):
            continue  # it stays a number
        told = sum(len(other.files) for other in run.files if other.role == line.role)
        run.files[index] = msgspec.structs.replace(
            line,
            listing=None,
            files=listing.files,
            root=listing.root,
            omitted=max(0, line.omitted - (len(listing.files) - told)),
        )
    return run


def last_values(folder: RunFolder) -> dict[str, float]:
    """Return the last value of each metric of a short run, from its lines."""
    found: dict[str, float] = {}
    for path in folder.points_files():
        keys: dict[int, list[str]] = {}
        try:
            if path.stat().st_size > POINTS_BYTES_MAX:
                continue
            bodies = reader.scan(path.read_bytes(), is_final=True).bodies
        except OSError:  # sealed meanwhile
            continue
        for first, *rest in map(msgspec.json.decode, bodies):
            if first == KEY_SET_MARK:
                keys[rest[0]] = rest[1]
            else:
                for key, value in zip(keys.get(first, ()), rest[2:], strict=False):
                    found[key] = NONFINITE[value] if isinstance(value, str) else float(value)
    return found


def fold(run: Recorded, event: events.AnyEvent, *, is_main: bool) -> None:
    """Put what an event tells into `run`. Only the main writer's end counts."""
    match event:
        case events.Params(values=values):
            run.params |= values
        case events.Captured(aspect="fingerprint", value=value):
            run.fingerprint = read_fingerprint(value)
        case events.Captured(aspect=aspect, value=value):
            run.captured[aspect] = value
        case events.Files():
            run.files.append(event)
        case events.Artifact(role="used"):
            run.used.append(event)
        case events.End() if is_main:
            run.end = event
        case _:
            pass


def read_fingerprint(value: dict[str, Any]) -> Fingerprint:
    """Return the fingerprint that a run recorded; an empty one when it cannot be understood."""
    try:
        return msgspec.convert(value, Fingerprint)
    except msgspec.ValidationError:  # of a newer Peira, or not of one
        return Fingerprint()
