"""Which code decides: a digest of all that stands between an input and a note.

A version number stands still while code is worked on. With the digest in a log's header, `verify`
can tell a log that was changed from one that other code made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from biofeedback.storage.paths import configs_folder

__all__ = ["DERIVING", "code_digest", "digest", "package_digest"]

#: Modules and packages that the core and its log need; a package means all that is in it.
DERIVING = (
    "biofeedback.common.errors",
    "biofeedback.common.plugins",
    "biofeedback.common.portable_math",
    "biofeedback.config.styles",
    "biofeedback.control",
    "biofeedback.engine.command_validation",
    "biofeedback.engine.core",
    "biofeedback.engine.events",
    "biofeedback.engine.inputs",
    "biofeedback.group",
    "biofeedback.metrics",
    "biofeedback.personal",
    "biofeedback.record.derived",
    "biofeedback.record.inputs",
    "biofeedback.record.line",
    "biofeedback.state",
    "biofeedback.storage.configs",
    "biofeedback.storage.inventory",
    "biofeedback.storage.paths",
    "sensors.base",
    "sensors.errors",
    "sensors.signals",
    "synth.compose",
    "synth.errors",
    "synth.events",
    "synth.instruments.patches",
    "synth.params",
    "synth.styles",
    "synth.tempo_map",
    "synth.theory",
)


@cache
def code_digest() -> str:
    """Return 16 hexadecimal digits, the same for equal code, wherever it is installed."""
    return digest(_files())


@cache
def package_digest(target: str) -> str:
    """Return the same of the package that an added part is in, "module:attribute"."""
    return digest(_files_of(target))


def digest(files: Iterable[tuple[str, Path]]) -> str:
    """Return 16 hexadecimal digits of files and the names that they go by."""
    found = hashlib.sha256()
    for name, path in files:
        text = path.read_bytes().replace(b"\r\n", b"\n")
        found.update(b"%s %d\n" % (name.encode(), len(text)))
        found.update(text)
    return found.hexdigest()[:16]


def _files() -> Iterator[tuple[str, Path]]:
    """Yield the name and the place of each file, in the order of the names."""
    found: dict[str, Path] = {}
    for module in DERIVING:
        package, _, inner = module.partition(".")
        spec = find_spec(package)
        assert spec is not None
        assert spec.submodule_search_locations is not None
        base = Path(spec.submodule_search_locations[0], *inner.split("."))
        if base.is_dir():
            found |= {f"{module}/{p.relative_to(base).as_posix()}": p for p in base.rglob("*.py")}
        else:
            found[module] = base.with_suffix(".py")
    styles = configs_folder() / "styles"
    found |= {f"styles/{p.name}": p for p in styles.glob("*.toml")}
    yield from sorted(found.items())


def _files_of(target: str) -> list[tuple[str, Path]]:
    """Return the files of the package that a part is in, or the one file of its module."""
    spec = find_spec(target.partition(":")[0].partition(".")[0])
    if spec is None or spec.origin is None:
        return []
    folders = [Path(place) for place in spec.submodule_search_locations or ()]
    files = [p for f in folders for p in f.rglob("*") if p.suffix in (".py", ".toml")]
    home = Path(spec.origin).parent
    return sorted((p.relative_to(home).as_posix(), p) for p in files or [Path(spec.origin)])
