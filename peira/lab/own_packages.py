"""The packages that a run's own code names, out of the many that these import in turn."""

from __future__ import annotations

from peira.capture.packages import canonical
from peira.capture.syntax import imports
from peira.core.errors import DamagedError, NotFoundError
from peira.lab.runs import RunRecord
from peira.objects.folder import FolderObjects


def own_packages(record: RunRecord, objects: FolderObjects) -> list[str]:
    """Return the packages that the project's files of a run name in their imports, sorted; none
    when its files were not recorded.
    """
    told = record.captured("packages")
    imported, modules = set(told.get("imported") or ()), told.get("modules") or {}
    found: set[str] = set()
    for file in record.files("source").values():
        if not file.kept or file.object is None:
            continue
        try:
            named = imports(objects.read(file.object))
        except (NotFoundError, DamagedError):
            continue
        for module in named:
            first, _, rest = module.partition(".")
            for name in (first, f"{first}.{rest.partition('.')[0]}"):
                found.add(modules.get(name, canonical(name)))
    return sorted(found & imported)
