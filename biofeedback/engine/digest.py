"""Which code decides: a digest of all that stands between an input and a note.

A version number stands still while code is worked on. With the digest in a log's header, `verify`
can tell a log that was changed from one that other code made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from biofeedback.storage.paths import configs_folder

__all__ = ["DERIVING", "code_digest"]

#: Modules and packages that the core and its log need; a package means all that is in it.
DERIVING = (
    "biofeedback.common.errors",
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
    "sensors.base",
    "sensors.errors",
    "sensors.signals",
    "synth.compose",
    "synth.errors",
    "synth.events",
    "synth.params",
    "synth.styles",
    "synth.tempo_map",
    "synth.theory",
)


@cache
def code_digest() -> str:
    """Return 16 hexadecimal digits, the same for equal code, wherever it is installed."""
    digest = hashlib.sha256()
    for name, path in _files():
        text = path.read_bytes().replace(b"\r\n", b"\n")
        digest.update(b"%s %d\n" % (name.encode(), len(text)))
        digest.update(text)
    return digest.hexdigest()[:16]


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
