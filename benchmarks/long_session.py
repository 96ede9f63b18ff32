"""Measure a session of a day: memory, bytes an hour, and how long verify and the report take.

python benchmarks/long_session.py [--hours 24] [--keep FOLDER]

A virtual listener with heart and skin, faster than real time: RR, skin conductance, metrics and
notes, nothing else. Each command is a process of its own. `run` writes the MIDI file and the report
at its end, so its peak of memory is that of all of them.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def command(*arguments: str) -> tuple[int, float, float, float]:
    """Run one of ours; return its exit code, seconds, CPU seconds and peak of memory in MB."""
    start = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "biofeedback", *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    cpu_s = used.ru_utime + used.ru_stime
    return process.returncode, time.monotonic() - start, cpu_s, used.ru_maxrss / 1024.0


def measure(out: Path, hours: float) -> None:
    """Print a row for each command, and the size of the log."""
    print("| | exit | s | CPU s | peak MB |")
    print("|---|---|---|---|---|")

    def row(name: str, *arguments: str) -> None:
        code, seconds, cpu_s, peak_mb = command(*arguments)
        print(f"| {name} | {code} | {seconds:.0f} | {cpu_s:.0f} | {peak_mb:.0f} |", flush=True)

    row(
        "run", "run", "-s", "sim:listener", "-o", "null:", "--fast", "--seed", "1",
        "--duration", f"{3600.0 * hours:g}", "--out", str(out),
    )  # fmt: skip
    folder = next(path for path in out.iterdir() if path.is_dir())
    size = sum(part.stat().st_size for part in folder.glob("session*.jsonl"))
    print(f"\nThe log: {size / 1e6 / hours:.2f} MB an hour\n", flush=True)
    row("verify", "verify", str(folder))
    (folder / "report.html").unlink()
    row("report", "report", str(folder))


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--keep", type=Path, help="a new folder that the session stays in")
    asked = parser.parse_args()
    if asked.keep is not None:
        asked.keep.mkdir()
        measure(asked.keep, asked.hours)
        return
    with tempfile.TemporaryDirectory() as scratch:
        measure(Path(scratch), asked.hours)


if __name__ == "__main__":
    main()
