"""Runs programs on virtual BlueZ buses, all at once, since each spends its time waiting."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

RIGS = Path(__file__).parent
_HANGS_S = 600  #: no run takes that long, however busy the machine is
GOODBYE_S = 0.3  #: from the reader's end to the disconnection, on a busy machine
RECORD = [sys.executable, str(RIGS / "record_strap.py")]


class Outcome:
    """What one run printed, and the truth that its rig logged."""

    def __init__(self, output: str, truth: str) -> None:
        self.records = [json.loads(line) for line in output.splitlines() if line[:1] == "{"]
        self.truth = [json.loads(line) for line in truth.splitlines()]

    def all(self, kind: str, **expected: object) -> list[dict]:
        found = [r for r in self.records if r["is"] == kind]
        return [r for r in found if all(r[key] == value for key, value in expected.items())]

    def events(self, name: str) -> list[dict]:
        return [event for event in self.truth if event["ev"] == name]

    def rr_s(self, **expected: object) -> list[float]:
        return [v for chunk in self.all("chunk", signal="rr", **expected) for v in chunk["values"]]

    def true_rr_s(self, dev: str | None = None, **expected: object) -> list[float]:
        """Return the intervals that left the strap while it was connected and subscribed.

        A packet that left during the goodbye counts only if it was read.
        """
        packets = [e for e in self.events("hrm") if e["ok"] and dev in (None, e["dev"])]
        goodbye_s = max(e["t"] for e in self.events("disconnect") if dev in (None, e["dev"]))
        true = [rr / 1000 for packet in packets for rr in packet["rr_ms"]]
        while len(true) > len(self.rr_s(**expected)) and packets[-1]["t"] > goodbye_s - GOODBYE_S:
            true = true[: len(true) - len(packets.pop()["rr_ms"])]
        return true


def perform(runs: Mapping[str, tuple[str, Sequence[str]]], folder: Path) -> dict[str, Outcome]:
    """Run commands, each on a bus of its own with the devices of its scenario file."""
    rig = [sys.executable, str(RIGS / "virtual_bluez.py")]
    children: list[subprocess.Popen[bytes]] = []
    outcomes = {}
    try:
        for name, (scenario, command) in runs.items():
            arguments = [str(RIGS / "scenarios" / scenario), "--truth", str(folder / name), "--"]
            # Into a file: a pipe that nobody reads yet would stop the program when it is full.
            with (folder / f"{name}.out").open("wb") as out:
                child = subprocess.Popen([*rig, *arguments, *command], stdout=out)
            children.append(child)
        for child in children:
            child.wait(timeout=_HANGS_S)
    finally:
        for child in children:
            child.kill()
            child.wait()
    for name in runs:
        output, truth = folder / f"{name}.out", folder / name
        outcomes[name] = Outcome(output.read_text(), truth.read_text())
    return outcomes
