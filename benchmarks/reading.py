"""Measure what `biofeedback analyze` takes for large files, and for files whose times lie.

    python benchmarks/reading.py [--hours 24] [--megabytes 100] [--only large|times]

Files are made from a seed, by a process of its own, since a parent's memory would count as that of
its children. Each row is one command: its exit code, processor seconds, peak of memory, and how
many times the processor seconds of reading the file with pandas or pyedflib alone.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ECG_HZ, EDA_HZ = 250, 4
MINUTES = 10
ALONE = {
    ".edf": "import pyedflib, sys; f = pyedflib.EdfReader(sys.argv[1]); "
    "[f.readSignal(i) for i in range(f.signals_in_file)]",
    ".csv": "import pandas, sys; pandas.read_csv(sys.argv[1])",
    ".txt": "import pandas, sys; pandas.read_csv(sys.argv[1], header=None)",
}


@dataclass(frozen=True)
class Cost:
    """What a process took."""

    exit: int
    cpu_s: float
    peak_mb: float


def cost_of(command: list[str]) -> Cost:
    """Run a command to its end."""
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return Cost(child.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def analysed(file: Path) -> Cost:
    """Run `biofeedback analyze`."""
    return cost_of([sys.executable, "-m", "biofeedback", "analyze", "--json", str(file)])


def make(folder: Path, hours: float, megabytes: float) -> None:
    """Write all files; only ever called in a process of its own."""
    import numpy as np
    import pyedflib

    rng = np.random.default_rng(1)

    def intervals_s(seconds: float) -> np.ndarray:
        count = int(seconds / 0.7)
        rr_s = 0.85 + 0.05 * np.sin(np.arange(count) * 0.25) + rng.normal(0.0, 0.02, count)
        return rr_s[np.cumsum(rr_s) < seconds]

    def ecg_mv(seconds: float, rate_hz: int) -> np.ndarray:
        wave = rng.normal(0.0, 0.01, int(seconds * rate_hz))
        beats = np.rint(np.cumsum(intervals_s(seconds - 1.0)) * rate_hz).astype(int)
        for centre_s, width_s, height in ((0.0, 0.012, 1.0), (0.28, 0.05, 0.25)):
            reach = int(3 * width_s * rate_hz)
            for step in range(-reach, reach + 1):
                place = beats + step + int(centre_s * rate_hz)
                place = place[(place >= 0) & (place < len(wave))]
                wave[place] += height * np.exp(-((step / rate_hz / width_s) ** 2))
        return wave

    def table(name: str, head: str, form: str, *columns: np.ndarray) -> None:
        rows = zip(*(column.tolist() for column in columns), strict=True)
        (folder / name).write_text(head + "\n" + "".join(form % row for row in rows))

    seconds = 3600.0 * hours
    wave = ecg_mv(seconds, ECG_HZ)
    with pyedflib.EdfWriter(str(folder / "ecg.edf"), 1, file_type=pyedflib.FILETYPE_EDFPLUS) as edf:
        edf.setSignalHeader(0, {
            "label": "ECG", "dimension": "mV", "sample_frequency": ECG_HZ, "physical_max": 5,
            "physical_min": -5, "digital_max": 32767, "digital_min": -32768, "transducer": "",
            "prefilter": "",
        })  # fmt: skip
        edf.writeSamples([wave])
    rr = "\n".join(f"{1000 * rr_s:.0f}" for rr_s in intervals_s(seconds))
    (folder / "rr.txt").write_text(rr + "\n")
    rows = min(int(megabytes * 1e6 / 28), len(wave))
    times_s = np.arange(rows) / ECG_HZ
    eda_us = 3.0 + np.abs(np.cumsum(rng.normal(0.0, 0.0005, rows)))
    form = "%.3f,%.6f,%.6f\n"
    table("table.csv", "time_s,ecg_mV,eda_uS", form, times_s, wave[:rows], eda_us)

    span_s = 60.0 * MINUTES
    rr_s = intervals_s(span_s)
    kinds = {
        "eda": (np.arange(span_s * EDA_HZ) / EDA_HZ, eda_us[: int(span_s * EDA_HZ)], "eda_uS"),
        "rr": (np.cumsum(rr_s), 1000.0 * rr_s, "rr_ms"),
        "ecg": (np.arange(span_s * ECG_HZ) / ECG_HZ, wave[: int(span_s * ECG_HZ)], "ecg_mV"),
    }
    for kind, (plain_s, values, label) in kinds.items():
        third = len(plain_s) // 3
        decades_s, steps_s = plain_s.copy(), plain_s.copy()
        decades_s[third:] += 1.6e9
        for at in range(third, len(plain_s), max(1, third // 20)):
            steps_s[at:] += 6.0 * 3600.0
        lying_s = plain_s * (86_400.0 / span_s)
        for name, told_s in (("plain", plain_s), ("decades", decades_s), ("steps", steps_s),
                             ("lying", lying_s)):  # fmt: skip
            table(f"{kind}_{name}.csv", f"time_s,{label}", "%.3f,%.4f\n", told_s, values)


def large(folder: Path) -> None:
    """Print a row for each large file."""
    print("| file | MB | exit | CPU s | peak MB | times the CPU of reading alone |")
    print("|---|---|---|---|---|---|")
    for name in ("ecg.edf", "rr.txt", "table.csv"):
        file = folder / name
        took, alone = analysed(file), cost_of([sys.executable, "-c", ALONE[file.suffix], str(file)])
        print(
            f"| {name} | {file.stat().st_size / 1e6:.0f} | {took.exit} | {took.cpu_s:.1f} | "
            f"{took.peak_mb:.0f} | {took.cpu_s / alone.cpu_s:.1f} |",
            flush=True,
        )


def lies(folder: Path) -> None:
    """Print a row for each file of ten minutes, and what it takes more than its plain one."""
    print("\n| file | exit | CPU s | more | peak MB | more |\n|---|---|---|---|---|---|")
    for kind in ("eda", "rr", "ecg"):
        plain = analysed(folder / f"{kind}_plain.csv")
        for name in ("plain", "decades", "steps", "lying"):
            took = plain if name == "plain" else analysed(folder / f"{kind}_{name}.csv")
            print(
                f"| {kind}, {name} | {took.exit} | {took.cpu_s:.1f} | "
                f"{took.cpu_s - plain.cpu_s:+.1f} | {took.peak_mb:.0f} | "
                f"{took.peak_mb - plain.peak_mb:+.0f} |",
                flush=True,
            )


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--megabytes", type=float, default=100.0)
    parser.add_argument("--only", choices=("large", "times"))
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.make:
        make(asked.make, asked.hours, asked.megabytes)
        return
    with tempfile.TemporaryDirectory() as name:
        subprocess.run(
            [sys.executable, __file__, "--make", name, "--hours", str(asked.hours),
             "--megabytes", str(asked.megabytes)],
            check=True,
        )  # fmt: skip
        if asked.only != "times":
            large(Path(name))
        if asked.only != "large":
            lies(Path(name))


if __name__ == "__main__":
    main()
