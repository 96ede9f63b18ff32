"""Many wearers over a broker: what is lost, how late a desk hears of it, what the music notices.

python benchmarks/mqtt.py [--seconds 300] [--wearers 50] [--quiet-seconds 60] [--keep DIR]

A real mosquitto with TLS and rules on loopback. One process plays as many simulated wearers as
asked for, each with a link of its own; `biofeedback mqtt watch --json` is the desk, a process of
its own. In the middle the broker is ended and started again two seconds later. Each wearer sets a
marker every ten seconds. Afterwards each log is compared with what the desk was told, line by line,
and regenerated. Before it, the same wearers play without any link, for the music's own figures.

Arrival is the time from an event's making to its line at the desk, one wall clock for both; those
made in the outage, and the three seconds after it, are counted apart. A tick is late by how much
later than its place on the grid the session took it; a bar's margin is how long before its first
beat it was composed. The start, while sessions are still being made, is counted apart as well.
Takes --seconds, --quiet-seconds, and a minute; ends with 1 for a goal missed.
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from rigs.broker import Broker

from biofeedback.app import registry, runner
from biofeedback.app.plan import SessionPlan
from biofeedback.common.clock import run_live, utc_now
from biofeedback.config import loader
from biofeedback.mqtt.address import load
from biofeedback.record.reader import read
from biofeedback.record.rebuild import core_of
from biofeedback.record.verify import verify
from biofeedback.runtime.session import Session
from biofeedback.runtime.worker_client import SharedWorker

GOAL_MS = 50.0
OUTAGE_S, AFTER_S = 2.0, 3.0
MARKER_S = 10.0
STAGGER_S = 0.13  # not a divisor of the tick: bodies on several computers do not tick together
TELL = ("decision", "command")


def play(out: Path, logins: list[str], count: int, seconds: float) -> None:
    """Play all wearers in this process, one loop and one worker for all of them."""
    settings = loader.load("settle")

    async def one(number: int, worker: SharedWorker) -> None:
        await asyncio.sleep(number * STAGGER_S)
        plan = SessionPlan(
            config=settings, sensors=("sim:",), out=out / f"w{number:02d}", seed=number + 1,
            duration_s=seconds, realtime=True, options=registry.SensorOptions(seed=number + 1),
            mqtt=load(logins[number]) if logins else None,
        )  # fmt: skip

        async def mark(session: Session) -> None:
            marked = 0
            while True:
                await asyncio.sleep(MARKER_S)
                marked += 1
                session.command("key", "marker", f"{number}/{marked}")

        await runner.SessionRunner(plan, worker).play(mark)

    async def everybody() -> None:
        worker = SharedWorker()
        await worker.start()
        try:
            await asyncio.gather(*(one(number, worker) for number in range(count)))
        finally:
            await worker.end()

    run_live(everybody)


def cpu_s(pid: int) -> float:
    """Return the CPU time that a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def quantile(values: list[float], share: float) -> float:
    """Return a quantile of sorted values; NaN for none."""
    return values[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


def music(out: Path, settled_s: float) -> dict[str, float]:
    """Return how late ticks were and how far ahead bars came, from all logs."""
    late, margins, skipped = [], [], 0.0
    for log in out.glob("w*/*"):
        tempo: list[tuple[float, float, float]] = []
        for _, line in read(log):
            kind = type(line).__name__
            if kind == "TickLine" and line.t > settled_s:
                late.append(1000.0 * (line.t - line.index * 0.5))
            elif kind == "TempoLine":
                tempo.append((line.time, line.beat, line.bpm))
            elif kind == "BarLine" and tempo:
                at, beat, bpm = tempo[-1]
                margins.append(1000.0 * (at + (line.beat - beat) * 60.0 / bpm - line.t))
            elif kind == "EndLine":
                skipped += line.counters["ticks_skipped"]
    late.sort()
    return {
        "ticks": len(late), "tick late p50, ms": quantile(late, 0.5),
        "tick late p99, ms": quantile(late, 0.99), "tick late max, ms": late[-1],
        "ticks skipped": skipped, "bars": len(margins),
        "smallest margin of a bar, ms": min(margins),
    }  # fmt: skip


def told_and_logged(
    out: Path, told: dict[str, list[dict]], count: int
) -> tuple[dict[str, float], int]:
    """Compare what the desk was told with the logs: lost, twice or out of order, different."""
    found = {"decisions in the logs": 0, "markers in the logs": 0, "lost": 0, "not in order": 0}
    failed = 0
    for number in range(count):
        session = next((out / f"w{number:02d}").iterdir())
        verdict = verify(session, core_of)
        failed += not verdict.complete or verdict.difference is not None
        logged = [json.loads(raw) for raw, line in read(session)]
        logged = [line for line in logged if line["kind"] in TELL]
        found["decisions in the logs"] += sum(line["kind"] == "decision" for line in logged)
        found["markers in the logs"] += sum(line.get("what") == "marker" for line in logged)
        lines = [event["line"] for event in told[f"w{number:02d}"]]
        seqs = [line["seq"] for line in lines]
        found["not in order"] += sum(b != a + 1 for a, b in zip([0, *seqs], seqs, strict=False))
        ours = [_same(line) for line in lines if line["kind"] in TELL]
        theirs = [_same(line) for line in logged]
        found["lost"] += sum(line not in ours for line in theirs) if ours != theirs else 0
    return found, failed


def _same(line: dict) -> tuple[object, ...]:
    names = ("kind", "who", "what", "value", "why", "strategy", "cause")
    return (*(line.get(name) for name in names), json.dumps(line.get("params")))


def measure(folder: Path, count: int, seconds: float) -> tuple[dict[str, float], bool]:
    """Run broker, desk and wearers; return the figures, and whether the goals are met."""
    broker = Broker(folder / "broker", tuple(f"w{number:02d}" for number in range(count)))
    broker.start()
    out, watched = folder / "out", folder / "watched.jsonl"
    environment = os.environ | {"XDG_DATA_HOME": str(folder / "data")}
    with watched.open("wb") as lines:
        desk = subprocess.Popen(
            [sys.executable, "-m", "biofeedback", "mqtt", "watch", str(broker.path("ann")),
             "--json"], stdout=lines, env=environment,
        )  # fmt: skip
    edge = subprocess.Popen(
        [sys.executable, __file__, "--edge", str(out), "--wearers", str(count), "--seconds",
         str(seconds), "--logins", str(folder / "broker" / "logins")], env=environment,
    )  # fmt: skip
    cpu: dict[str, float] = {}
    pause = threading.Event()
    try:
        settled_s = count * STAGGER_S + 10.0
        pause.wait(settled_s)
        began_s = time.monotonic()
        before = cpu_s(edge.pid), cpu_s(desk.pid), broker.cpu_s
        pause.wait(max(1.0, seconds / 2 - settled_s))
        cpu["wearers"] = cpu_s(edge.pid) - before[0]
        cpu["desk"], cpu["broker"] = cpu_s(desk.pid) - before[1], broker.cpu_s - before[2]
        lasted_s = time.monotonic() - began_s
        down_ms = 1000.0 * utc_now().timestamp()
        broker.stop(signal.SIGTERM)
        pause.wait(OUTAGE_S)
        broker.start()
        up_ms = 1000.0 * utc_now().timestamp()
        edge.wait()
        pause.wait(2.0)
    finally:
        for process in (edge, desk):
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait()
        broker.stop(signal.SIGKILL)
    told: dict[str, list[dict]] = defaultdict(list)
    usual, outage, start = [], [], []
    first_ms = None
    for raw in watched.read_text().splitlines():
        event = json.loads(raw)
        if event["kind"] != "event":
            continue
        told[event["wearer"]].append(event)
        first_ms = first_ms or event["made_ms"]
        late_ms = event["utc_ms"] - event["made_ms"]
        if down_ms - 200.0 <= event["made_ms"] <= up_ms + 1000.0 * AFTER_S:
            outage.append(late_ms)
        elif event["made_ms"] < first_ms + 1000.0 * settled_s:
            start.append(late_ms)
        else:
            usual.append(late_ms)
    found, failed = told_and_logged(out, told, count)
    for values in (usual, outage, start):
        values.sort()
    figures = found | {
        "logs that do not verify": failed,
        "events told outside the outage": len(usual), "arrival p50, ms": quantile(usual, 0.5),
        "arrival p99, ms": quantile(usual, 0.99), "arrival max, ms": usual[-1] if usual else 0.0,
        "events of the outage": len(outage),
        "longest wait of these, ms": outage[-1] if outage else 0.0,
        "arrival p99 at the start, ms": quantile(start, 0.99),
        **{f"CPU, {name}, % of a core": 100.0 * used / lasted_s for name, used in cpu.items()},
        **music(out, settled_s),
    }  # fmt: skip
    whole = not (failed or found["lost"] or found["not in order"] or figures["ticks skipped"])
    in_time = figures["arrival p99, ms"] <= GOAL_MS and figures["smallest margin of a bar, ms"] > 0
    return figures, whole and in_time


def main() -> None:
    """Measure, print the table, and judge."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seconds", type=float, default=300.0)
    options.add_argument("--quiet-seconds", type=float, default=60.0)
    options.add_argument("--wearers", type=int, default=50)
    options.add_argument("--keep", type=Path, help="leave logs and the desk's lines here")
    options.add_argument("--edge", type=Path, help=argparse.SUPPRESS)
    options.add_argument("--logins", type=Path, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.edge:
        logins = sorted(map(str, chosen.logins.glob("w*.toml"))) if chosen.logins else []
        play(chosen.edge, logins, chosen.wearers, chosen.seconds)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = chosen.keep or Path(name)
        if chosen.quiet_seconds:
            alone = folder / "alone"
            process = subprocess.Popen(
                [sys.executable, __file__, "--edge", str(alone), "--wearers", str(chosen.wearers),
                 "--seconds", str(chosen.quiet_seconds)]
            )  # fmt: skip
            process.wait()
            settled_s = min(chosen.quiet_seconds / 2, chosen.wearers * STAGGER_S + 10.0)
            print(f"{chosen.wearers} wearers without a link, {chosen.quiet_seconds:g} s")
            show(music(alone, settled_s))
        figures, met = measure(folder, chosen.wearers, chosen.seconds)
    print(f"{chosen.wearers} wearers over mosquitto, {chosen.seconds:g} s, one restart")
    show(figures)
    print(f"goals (0 lost, p99 at most {GOAL_MS:g} ms, no music disturbed): "
          f"{'met' if met else 'MISSED'}")  # fmt: skip
    sys.exit(not met)


def show(figures: dict[str, float]) -> None:
    """Print names and figures."""
    for name, value in figures.items():
        print(
            f"  {name:34} {value:10.1f}" if isinstance(value, float) else f"  {name:34} {value:10}"
        )


if __name__ == "__main__":
    main()
