"""How far an input travels through the code: files passed, and changes of file, medians.

python benchmarks/beat_path.py [--sensor sim:] [--seconds 90] [--style ambient] [--json]

One seeded session in virtual time, without an output. The way of an input is what is called from
the moment on when the session is given it (the function `--entry`) until that call returns: the
log, the core, and the players. Counted are, of the files of biofeedback, sensors and synth:

* files: how many different ones are passed, that of the entry among them;
* changes: how often a function is called while another file than its own was the last to run, each
  such call with its way back as one change. What a generator or a property of another file does
  is a call like any other; other people's libraries in between count for nothing.

`--tree` and `--entry` measure a tree of another layout by the same rule.
"""

import argparse
import contextlib
import io
import json
import os
import statistics
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

ENTRY = "biofeedback/runtime/pipeline.py:feed"
PACKAGES = ("biofeedback", "sensors", "synth")
KINDS = {"Chunk": "chunk", "Tick": "tick", "BarRequest": "bar"}


@dataclass
class Way:
    """The way of one input: files passed, and from which to which file how often."""

    files: set[str]
    changes: Counter[tuple[str, str, str]] = field(default_factory=Counter)


class Tracer:
    """Follows each input from the entry on; set its `trace` as the profile function."""

    def __init__(self, tree: Path, entry: str) -> None:
        self._tree = str(tree) + os.sep
        self._ours = tuple(f"{self._tree}{package}{os.sep}" for package in PACKAGES)
        file, _, function = entry.partition(":")
        self._entry = file, function
        self._names: dict[str, str] = {}
        self._outermost: FrameType | None = None
        self._file = ""
        self._way = Way(set())
        self.ways: dict[str, list[Way]] = {kind: [] for kind in KINDS.values()}

    def trace(self, frame: FrameType, event: str, _: Any) -> None:
        """Take note of a call or a return."""
        file = self._name(frame.f_code) if event in ("call", "return") else ""
        if not file:
            return
        if self._outermost is None:
            if event == "call" and (file, frame.f_code.co_name) == self._entry:
                self._begin(frame, file)
        elif event == "call":
            if file != self._file:
                self._way.changes[self._file, file, frame.f_code.co_name] += 1
                self._way.files.add(file)
                self._file = file
        elif frame is self._outermost:
            self._outermost = None
        else:
            self._file = self._caller(frame) or self._file

    def _begin(self, frame: FrameType, file: str) -> None:
        kind = next((KINDS.get(type(arg).__name__) for arg in frame.f_locals.values()
                     if type(arg).__name__ in KINDS), None)  # fmt: skip
        if kind is not None:
            self._outermost, self._file, self._way = frame, file, Way({file})
            self.ways[kind].append(self._way)

    def _caller(self, frame: FrameType) -> str:
        back = frame.f_back
        while back is not None and not self._name(back.f_code):
            back = back.f_back
        return self._name(back.f_code) if back else ""

    def _name(self, code: CodeType) -> str:
        """Return the path of a file of ours in the tree; "" for any other."""
        path = code.co_filename
        if path not in self._names:
            ours = path.startswith(self._ours)
            self._names[path] = path.removeprefix(self._tree).replace(os.sep, "/") if ours else ""
        return self._names[path]


def play(tracer: Tracer, sensor: str, seconds: float, style: str) -> None:
    """Play one session with seed 1; whatever it prints is kept back, but for a failure."""
    from biofeedback.cli import main as command

    with tempfile.TemporaryDirectory() as out:
        sys.argv = [
            "biofeedback", "run", "--sensor", sensor, "--output", "null:", "--fast", "--seed", "1",
            "--duration", str(seconds), "--style", style, "--out", out,
        ]  # fmt: skip
        printed = io.StringIO()
        code: object = 0
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            sys.setprofile(tracer.trace)
            try:
                command()
            except SystemExit as end:
                code = end.code
            finally:
                sys.setprofile(None)
        if code:
            sys.exit(printed.getvalue())


def table(ways: dict[str, list[Way]]) -> dict[str, dict[str, float]]:
    """Return, by kind of input, how many there were, and medians of files and changes."""
    return {
        kind: {
            "inputs": len(some),
            "files": statistics.median(len(way.files) for way in some),
            "changes": statistics.median(way.changes.total() for way in some),
        }
        for kind, some in ways.items()
    }


def commonest(ways: list[Way], count: int) -> list[str]:
    """Return the changes that an input of the median makes, the most frequent first."""
    middle = sorted(ways, key=lambda way: way.changes.total())[len(ways) // 2]
    return [
        f"{times:5}  {before} -> {after} {function}"
        for (before, after, function), times in middle.changes.most_common(count)
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sensor", default="sim:")
    parser.add_argument("--seconds", type=float, default=90.0)
    parser.add_argument("--style", default="ambient")
    parser.add_argument("--tree", type=Path, default=Path(__file__).resolve().parents[1])
    parser.add_argument("--entry", default=ENTRY, metavar="FILE:FUNCTION")
    parser.add_argument("--show", type=int, default=0, metavar="N", help="the N commonest changes")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    tree = args.tree.resolve()
    sys.path.insert(0, str(tree))
    tracer = Tracer(tree, args.entry)
    play(tracer, args.sensor, args.seconds, args.style)
    found = table(tracer.ways)
    if args.json:
        print(json.dumps(found, indent=1))
        return
    print(f"{'':8}{'inputs':>8}{'files':>8}{'changes':>9}")
    for kind, row in found.items():
        print(f"{kind:8}{row['inputs']:8.0f}{row['files']:8.0f}{row['changes']:9.0f}")
        for line in commonest(tracer.ways[kind], args.show):
            print(line)


if __name__ == "__main__":
    main()
