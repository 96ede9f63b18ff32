"""Measure what a session's log survives and costs, and how well verify sees a change.

python benchmarks/records.py kill [--times 50]       live sessions, each killed at a random moment
python benchmarks/records.py taken [--times 12]      the log of a live session deleted, moved or cut
python benchmarks/records.py cut                     a log cut at every 1000th byte, and at random
python benchmarks/records.py verify [--sessions 100] seeded sessions: strategies, styles, sensors
python benchmarks/records.py digits [--times 100]    one digit of a log changed, named by verify
python benchmarks/records.py cost                    CPU time and size of an hour of log
"""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import msgspec
import numpy as np

from biofeedback.app.plan import SessionPlan
from biofeedback.app.registry import SensorOptions
from biofeedback.app.runner import SessionRunner
from biofeedback.common.errors import LogError
from biofeedback.config.loader import load
from biofeedback.record import lines
from biofeedback.record.inputs import input_line
from biofeedback.record.line import encode
from biofeedback.record.reader import LOG_NAME, part_name, read
from biofeedback.record.rebuild import core_of
from biofeedback.record.verify import verify
from biofeedback.record.writer import LogWriter
from biofeedback.runtime.sanitizer import Sanitizer
from biofeedback.storage.paths import configs_folder
from sensors.signals import Chunk, Signal

STRATEGIES = ("mirror", "lead", "breathe", "fixed", "resonance", "map")
SENSORS = ("sim:", "sim:listener", "sim:stress", "file:")  #: a file is the session before it


async def nothing_to_watch(session: object) -> None:
    """Let a session run alone."""
    await asyncio.sleep(0)


def perform(out: Path, seed: int, strategy: str, style: str, sensor: str, seconds: float) -> Path:
    """Return the folder of a session in virtual time."""
    config = load(
        "improvise" if strategy == "map" else None,  # which has routes to play
        settings=[
            f"control.strategy={strategy}", f"music.style={style}", "state.rest.rest_s=30",
        ]
    )  # fmt: skip
    plan = SessionPlan(
        config=config, sensors=(sensor,), out=out, seed=seed, duration_s=seconds,
        options=SensorOptions(seed=seed),
    )  # fmt: skip
    return SessionRunner(plan).run(nothing_to_watch).folder


def kill(times: int, rng: Random, scratch: Path) -> None:
    """Kill live sessions, two at a time; print what each lost."""
    lost: list[float] = []
    verified = 0
    for first in range(0, times, 2):
        outs = [scratch / str(number) for number in range(first, min(first + 2, times))]
        children = [
            (out, subprocess.Popen(
                [sys.executable, "-m", "biofeedback", "run", "-s", "sim:", "-o", "null:",
                 "--out", str(out)],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            ))
            for out in outs
        ]  # fmt: skip
        for out, child in children:
            log, epoch_s = _epoch(out, rng.uniform(1.0, 4.0))
            child.kill()
            killed_s = time.monotonic() - epoch_s
            child.wait()
            last = [line for _, line in read(log)][-1]
            lost.append(killed_s - last.t)
            verdict = verify(log, core_of)
            verified += verdict.difference is None
    print("| kill -9 | lost, median s | lost, most s | readable | verified |")
    print("|---|---|---|---|---|")
    print(
        f"| {times} | {statistics.median(lost):.2f} | {max(lost):.2f} | {len(lost)} | {verified} |"
    )


def taken(times: int, rng: Random, scratch: Path) -> None:
    """Take the log of live sessions away; print when that was told, and what is gone besides."""
    deeds: dict[str, Callable[[Path], object]] = {
        "rm": lambda log: log.unlink(),
        "rm -r": lambda log: shutil.rmtree(log.parent),
        "mv": lambda log: log.rename(log.with_name("away")),
        "truncate": lambda log: os.truncate(log, log.stat().st_size // 2),
    }
    print("| what | sessions | told after, most s | lines gone besides | verified |")
    print("|---|---|---|---|---|")
    for name, deed in deeds.items():
        told_s: list[float] = []
        gone, verified, count = 0, 0, -(-times // len(deeds))
        for number in range(count):
            out = scratch / f"{name}-{number}"
            child = subprocess.Popen(
                [sys.executable, "-m", "biofeedback", "run", "-s", "sim:", "-o", "null:",
                 "--out", str(out)],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            log, epoch_s = _epoch(out, rng.uniform(2.0, 5.0))
            before = log.read_bytes()
            deed(log)
            at_s = time.monotonic() - epoch_s
            second, deadline_s = log.with_name(part_name(2)), time.monotonic() + 30
            while time.monotonic() < deadline_s and not (
                second.is_file() and b"Trouble: session.jsonl was" in second.read_bytes()
            ):
                subprocess.run(["sleep", "0.05"], check=True)
            child.send_signal(signal.SIGINT)
            child.wait(timeout=60)
            found = [line for _, line in read(log.parent)]
            note = next(
                line for line in found
                if isinstance(line, lines.CommandLine) and line.value.startswith("Trouble: session")
            )  # fmt: skip
            told_s.append(note.t - at_s)
            (hole,) = [line for line in found if isinstance(line, lines.LostLine)]
            gone += max(0, hole.last + 1 - before.count(b"\n"))  # what was on the disk is rm's
            verified += verify(log.parent, core_of).difference is None
        print(f"| {name} | {count} | {max(told_s):.2f} | {gone} | {verified} |", flush=True)


def _epoch(out: Path, wait_s: float) -> tuple[Path, float]:
    """Watch a log for a while; return it, and when its second 0 was on the monotonic clock.

    A line is seen after it came to be, so the earliest sight of any line is nearest to the truth.
    """
    epoch_s, deadline_s, log = math.inf, math.inf, None
    while time.monotonic() < deadline_s:
        log = next(out.glob(f"*/{LOG_NAME}"), None)
        data = log.read_bytes() if log else b""
        if data.count(b"\n") > 1:
            last = msgspec.json.decode(data[: data.rindex(b"\n")].rpartition(b"\n")[2])
            epoch_s = min(epoch_s, time.monotonic() - last["t"])
            deadline_s = min(deadline_s, time.monotonic() + wait_s)
        subprocess.run(["sleep", "0.02"], check=True)
    assert log is not None
    return log, epoch_s


def cut(rng: Random, scratch: Path) -> None:
    """Cut a log at many bytes; every whole line must come back, and nothing else."""
    whole = (perform(scratch, 1, "lead", "ambient", "sim:listener", 60.0) / LOG_NAME).read_bytes()
    places = [*range(whole.index(b"\n") + 1, len(whole), 1000)]
    places += [rng.randrange(places[0], len(whole)) for _ in range(200)]
    log, wrong = scratch / LOG_NAME, 0
    for place in places:
        log.write_bytes(whole[:place])
        found = b"".join(raw + b"\n" for raw, _ in read(log))
        wrong += found != whole[: whole.rfind(b"\n", 0, place) + 1]
    print(f"{len(places)} cuts of {len(whole)} bytes: {wrong} gave other than the whole lines")


def verify_many(count: int, scratch: Path) -> None:
    """Verify seeded sessions over all strategies, styles and simulated sensors."""
    styles = sorted(path.stem for path in (configs_folder() / "styles").glob("*.toml"))
    identical, derived, folder = 0, 0, scratch
    for seed in range(count):
        sensor = SENSORS[seed % 4]
        sensor = f"{sensor}{folder / LOG_NAME}" if sensor == "file:" else sensor
        folder = perform(
            scratch, seed, STRATEGIES[seed % 6], styles[seed // 6 % len(styles)], sensor, 60.0
        )
        verdict = verify(folder, core_of)
        derived += verdict.derived
        identical += verdict.difference is None and verdict.complete
        if verdict.difference is not None:
            print(f"seed {seed}: {verdict.difference}")
    print(f"{identical} of {count} sessions identical, {derived} derived lines regenerated")


def digits(times: int, rng: Random, scratch: Path) -> None:
    """Change one digit of a sample, a decision or a note; verify must name its line."""
    whole = (perform(scratch, 1, "lead", "ambient", "sim:listener", 60.0) / LOG_NAME).read_bytes()
    log = scratch / LOG_NAME
    for kind in (b"chunk", b"decision", b"note", b""):
        lines = whole.splitlines(keepends=True)
        found = [k for k, raw in enumerate(lines) if kind in raw[:20]]
        named = 0
        for _ in range(times):
            number = rng.choice(found)
            raw = lines[number]
            place = rng.choice([match.start() for match in re.finditer(rb"\d", raw)])
            digit = rng.choice([d for d in b"0123456789" if d != raw[place]])
            changed = raw[:place] + bytes([digit]) + raw[place + 1 :]
            log.write_bytes(b"".join([*lines[:number], changed, *lines[number + 1 :]]))
            try:
                difference = verify(log, core_of).difference
            except LogError as error:
                named += f"line {number + 1}:" in str(error) or number == 0
                continue
            named += difference is not None and (
                difference.seq == number or difference.field == "seq"
            )
        print(f"{kind.decode() or 'any line'}: {named} of {times} changed digits named")


def cost(scratch: Path) -> None:
    """Log an hour of ECG 130 Hz, ACC 50 Hz, EDA, metrics and notes; print CPU time and size."""
    folder = perform(scratch, 1, "lead", "ambient", "sim:listener", 600.0)
    logged = [line for _, line in read(folder)]
    rng = np.random.default_rng(1)
    log = LogWriter(scratch / LOG_NAME)
    ecg, acc = rng.normal(0, 0.3, 130).round(4), rng.normal(0, 0.02, (50, 3)).round(4)
    intake, count, start_s = Sanitizer(), 0, time.process_time()
    for turn in range(6):
        second = 0
        for line in logged:
            while second <= line.t:
                for sort, rate_hz, block in ((Signal.ECG, 130.0, ecg), (Signal.ACC, 50.0, acc)):
                    chunk = Chunk.regular(sort, "strap", 600.0 * turn + second, rate_hz, block)
                    device_s = chunk.times_s[-1] - np.arange(len(chunk))[::-1] * 1.00003 / rate_hz
                    entered = intake.clean(replace(chunk, device_times_s=device_s), 0)
                    assert isinstance(entered, Chunk)
                    log.append(encode(input_line(count, line.t, entered)))
                    count += 1
                second += 1
            log.append(encode(line))
            count += 1
    log.close()
    used_s = time.process_time() - start_s
    size = log.path.stat().st_size
    print(f"CPU {used_s:.2f} s and {size / 1e6:.1f} MB an hour, {count} lines")


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["kill", "taken", "cut", "verify", "digits", "cost"])
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--sessions", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    rng = Random(asked.seed)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        match asked.what:
            case "kill":
                kill(asked.times, rng, scratch)
            case "taken":
                taken(min(asked.times, 12), rng, scratch)
            case "cut":
                cut(rng, scratch)
            case "verify":
                verify_many(asked.sessions, scratch)
            case "digits":
                digits(asked.times, rng, scratch)
            case _:
                cost(scratch)


if __name__ == "__main__":
    main()
