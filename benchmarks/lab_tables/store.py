"""Figures of groups of listeners that are kept, so that a table that was interrupted goes on."""

import hashlib
import time
from pathlib import Path

import msgspec

import biofeedback
import sensors
import synth
from biofeedback.lab import full
from biofeedback.lab.base import LabCase
from biofeedback.lab.measures import CourseVerdict, judge

__all__ = ["Group", "Store"]

#: What decides how a listener fares; the composer is not among it.
_DECIDING = {
    biofeedback: ("control", "core.py", "lab", "metrics", "simulation", "state"),
    sensors: ("body.py", "signals.py"),
    synth: ("params.py", "styles"),
}


class Group(msgspec.Struct, frozen=True):
    """What came of a group, and how long it took."""

    key: str
    took_s: float
    verdicts: list[CourseVerdict]


class Store:
    """Runs groups on the full tier unless the same code has run them already."""

    def __init__(self, path: Path | None, processes: int) -> None:
        self._path = path
        self._processes = processes
        self._digest = _digest()
        self._known: dict[str, Group] = {}
        if path is not None and path.is_file():
            for line in path.read_bytes().splitlines():
                try:
                    group = msgspec.json.decode(line, type=Group)
                except msgspec.DecodeError:
                    continue  # the line in which it was interrupted
                self._known[group.key] = group

    def group(self, name: str, cases: list[LabCase]) -> Group:
        """Return what came of these cases; `name` must tell them from all others."""
        key = f"{self._digest} {name} {len(cases)}"
        if key not in self._known:
            start = time.perf_counter()
            verdicts = [judge(course) for course in full.run_many(cases, self._processes)]
            self._known[key] = Group(key, time.perf_counter() - start, verdicts)
            if self._path is not None:
                with self._path.open("ab") as file:
                    file.write(msgspec.json.encode(self._known[key]) + b"\n")
        return self._known[key]


def _digest() -> str:
    digest = hashlib.sha256()
    for package, names in _DECIDING.items():
        for name in names:
            place = Path(package.__path__[0]) / name
            for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
                digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
