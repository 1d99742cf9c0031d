"""Libraries that open files in C, C++ or Rust, where Python's audit events do not see it.

Their functions tell the path that they are given. What no line here knows is seen by the watch on
its folder only (`peira/capture/watch.py`), which cannot tell who opened it.
"""

from __future__ import annotations

import os
from itertools import islice

from .later import after_import
from .wrapped import note_argument

TYPE_CHECKING = False  # as typing has it, whose import costs 5 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType, ModuleType
    from typing import Any

FILES_MAX = 2_000
"""So many files of a folder that is read as one data set are told."""

READERS = """
    cv2                  imread                   0 filename
    h5py.h5f             open                     0 name
    lmdb                 open                     0 path
    polars               read_avro                0 source
    polars               read_csv                 0 source
    polars               read_ipc                 0 source
    polars               read_json                0 source
    polars               read_ndjson              0 source
    polars               read_parquet             0 source
    polars               scan_csv                 0 source
    polars               scan_ipc                 0 source
    polars               scan_ndjson              0 source
    polars               scan_parquet             0 source
    pyarrow              input_stream             0 source
    pyarrow              memory_map               0 path
    pyarrow.csv          open_csv                 0 input_file
    pyarrow.csv          read_csv                 0 input_file
    pyarrow.dataset      dataset                  0 source
    pyarrow.feather      read_feather             0 source
    pyarrow.feather      read_table               0 source
    pyarrow.json         read_json                0 input_file
    pyarrow.orc          ORCFile.__init__         0 source
    pyarrow.parquet      ParquetDataset.__init__  0 path_or_paths
    pyarrow.parquet      ParquetFile.__init__     0 source
    pyarrow.parquet      read_metadata            0 where
    pyarrow.parquet      read_table               0 source
    safetensors.numpy    load_file                0 filename
    safetensors.torch    load_file                0 filename
    torch                from_file                0 filename
    torchvision.io       decode_image             0 input
    torchvision.io       read_file                0 path
    torchvision.io       read_image               0 path
"""
WRITERS = """
    cv2                  imwrite                  0 filename
    h5py.h5f             create                   0 name
    pyarrow.csv          write_csv                1 output_file
    pyarrow.feather      write_feather            1 dest
    pyarrow.parquet      ParquetWriter.__init__   0 where
    pyarrow.parquet      write_table              1 where
    safetensors.numpy    save_file                1 filename
    safetensors.torch    save_file                1 filename
    torch                save                     1 f
"""
"""Module, function, and place and name of the argument that is the path."""


def watch(meet: Callable[[str, int], None]) -> None:
    """Call `meet(path, flags)` before one of the libraries opens a file."""
    waiting: dict[str, list[tuple[str, int, str, int]]] = {}
    for table, flags in ((READERS, os.O_RDONLY), (WRITERS, os.O_WRONLY | os.O_CREAT)):
        for line in table.strip().splitlines():
            module, function, place, argument = line.split()
            waiting.setdefault(module, []).append((function, int(place), argument, flags))
    for module, functions in waiting.items():
        after_import(module, _wrapper(functions, meet))


def _wrapper(
    functions: list[tuple[str, int, str, int]], meet: Callable[[str, int], None]
) -> Callable[[ModuleType], None]:
    def note(flags: int) -> Callable[[Any, FrameType], None]:
        def note_path(value: Any, caller: FrameType) -> None:
            for path in paths(value):
                meet(path, flags)

        return note_path

    def wrap(module: ModuleType) -> None:
        for function, place, argument, flags in functions:
            holder, _, name = function.rpartition(".")
            owner = getattr(module, holder, None) if holder else module
            if hasattr(owner, name):  # not every version has every function
                note_argument(owner, name, (place, argument), note(flags))

    return wrap


def paths(value: Any) -> Iterator[str]:
    """Yield the paths that an argument names: a path, several, a pattern, a folder of files."""
    if isinstance(value, (list, tuple)):
        for item in value[:FILES_MAX]:
            yield from paths(item)
        return
    if not isinstance(value, (str, bytes)) and not hasattr(value, "__fspath__"):
        return  # an open file, a buffer
    path = os.fsdecode(value)
    if path.startswith("file://"):
        path = path[len("file://") :]
    if os.path.isdir(path):
        yield from _below(path)
    elif any(mark in path for mark in "*?[") and not os.path.exists(path):
        from glob import iglob

        yield from islice(iglob(path, recursive=True), FILES_MAX)
    else:
        yield path


def _below(folder: str) -> Iterator[str]:
    """Yield the files of a data set, as its readers find them: hidden ones are none of it."""
    count = 0
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "_")))
        for name in sorted(names):
            if not name.startswith((".", "_")):
                count += 1
                if count > FILES_MAX:
                    return
                yield os.path.join(place, name)
