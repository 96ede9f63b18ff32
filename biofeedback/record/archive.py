"""All that is kept of a person in one zip file, open even where it is kept closed."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path

from biofeedback.record.catalogue import CatalogueEntry
from biofeedback.storage import encryption

__all__ = ["write_archive"]


def write_archive(target: Path, entries: Iterable[CatalogueEntry], files: Iterable[Path]) -> None:
    """Write sessions and the files of a profile; raises `LogError` without the key to one."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            _add(archive, path, "profile")
        for entry in entries:
            for path in sorted(entry.folder.iterdir()):
                if path.is_file() and not path.is_symlink():
                    _add(archive, path, f"sessions/{entry.folder.name}")


def _add(archive: zipfile.ZipFile, path: Path, folder: str) -> None:
    if path.suffix == encryption.SUFFIX:
        archive.writestr(f"{folder}/{path.stem}", encryption.read(path))
    else:
        archive.write(path, f"{folder}/{path.name}")
