"""Measure how many sessions a minute `biofeedback analyze` takes, with processes and with Dask.

    python benchmarks/cohort.py [--sessions 200] [--minutes 10]

The sessions are copies of a few simulated ones; every copy is measured as if it were another.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from biofeedback.app.plan import SessionPlan
from biofeedback.app.registry import SensorOptions
from biofeedback.app.runner import SessionRunner
from biofeedback.config.loader import load
from biofeedback.offline.cohort import analyze_all, find_sessions
from biofeedback.record.reader import LOG_NAME


async def nothing_to_watch(session: object) -> None:
    """Let a session run alone."""


def prepare(folder: Path, count: int, minutes: float) -> list[Path]:
    """Simulate four sessions and copy them."""
    logs = []
    for seed in range(4):
        plan = SessionPlan(
            config=load(), sensors=("sim:listener",), out=folder / "made", seed=seed,
            duration_s=60.0 * minutes, options=SensorOptions(seed=seed),
        )  # fmt: skip
        logs.append(SessionRunner(plan).run(nothing_to_watch).folder / LOG_NAME)
    for number in range(count):
        target = folder / "sessions" / f"{number:04d}"
        target.mkdir(parents=True)
        os.link(logs[number % 4], target / LOG_NAME)
    return find_sessions([folder / "sessions"])


def in_processes(sessions: list[Path], count: int, out: Path) -> float:
    """Return the seconds that a pool of `count` processes took."""
    start_s = time.perf_counter()
    result = analyze_all(sessions, out, processes=count)
    assert result.sessions == len(sessions), result.problems
    return time.perf_counter() - start_s


def with_cluster(sessions: list[Path], out: Path, *, kill: bool) -> float:
    """Return the seconds that two Dask workers took; `kill` ends one of them on the way."""
    dask = Path(sys.executable).parent / "dask"
    address = "tcp://127.0.0.1:8797"
    quiet = {
        "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL,
        "env": {**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # as a nanny would set it
    }  # fmt: skip
    scheduler = subprocess.Popen(
        [dask, "scheduler", "--host", "127.0.0.1", "--port", "8797", "--no-dashboard"], **quiet
    )
    workers = [
        subprocess.Popen(
            [dask, "worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard"], **quiet
        )
        for _ in range(2)
    ]

    def told(share: float) -> None:
        if kill and share > 0.3:
            workers[0].kill()

    try:
        from distributed import Client

        with Client(address, timeout="30s") as client:
            client.wait_for_workers(2, timeout=60)
        start_s = time.perf_counter()
        result = analyze_all(sessions, out, cluster=address, progress=told)
        assert result.sessions == len(sessions), result.problems
        return time.perf_counter() - start_s
    finally:
        for child in (*workers, scheduler):
            child.kill()
            child.wait()


def main() -> None:
    """Print a table of throughput."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=10.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sessions = prepare(folder, asked.sessions, asked.minutes)
        print(f"{len(sessions)} sessions of {asked.minutes:g} min")
        print("| | s | sessions/min | times as fast |\n|---|---|---|---|", flush=True)
        ways: dict[str, Callable[[Path], float]] = {
            "1 process": partial(in_processes, sessions, 1),
            "2 processes": partial(in_processes, sessions, 2),
            "2 Dask workers": partial(with_cluster, sessions, kill=False),
            "2 Dask workers, one killed": partial(with_cluster, sessions, kill=True),
        }
        alone_s, tables = 0.0, set()
        for number, (title, measured) in enumerate(ways.items()):
            out = folder / f"{number}.csv"
            seconds = measured(out)
            alone_s = alone_s or seconds
            tables.add(out.read_bytes())
            rate = 60 * len(sessions) / seconds
            row = f"| {title} | {seconds:.1f} | {rate:.0f} | {alone_s / seconds:.2f} |"
            print(row, flush=True)
        print(f"tables equal: {len(tables) == 1}")


if __name__ == "__main__":
    main()
