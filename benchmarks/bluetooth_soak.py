"""Three straps, an H10 with ECG and acceleration, and a wristband at once, through real bleak.

    python benchmarks/bluetooth_soak.py [--minutes 10]

Needs Linux and dbus-daemon. Prints for each signal how many of the packets that the virtual BlueZ
delivered came out, and the share of a core that receiving took. Exits with 1 when one is missing.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import aclosing
from pathlib import Path
from typing import Any

from sensors.base import SampleStream
from sensors.ble import bands, strap
from sensors.profiles.loader import load_all
from sensors.signals import Chunk, Gap

ROOT = Path(__file__).parents[1]
EDGE_S = 0.3  #: what is notified this shortly before the end may not have been read
H10, BAND = "Polar H10 00000001", "My Packed Band"
STRAPS = ("Virtual HRM 01", "Virtual HRM 02", "Virtual HRM 03")
SCENARIO = {
    "seed": 5,
    "devices": [
        *(
            {"id": name, "type": "hr_strap", "name": name, "address": f"C0:00:00:00:00:0{n}"}
            for n, name in enumerate(STRAPS, 1)
        ),
        {
            "id": H10,
            "type": "polar_h10",
            "name": H10,
            "address": "C0:00:00:00:00:10",
            "pmd": {"clock_ppm": 40, "ecg_hz": 129.7},
        },
        {"id": BAND, "type": "eda_band", "name": BAND, "address": "C0:00:00:00:00:20"},
    ],
}


def streams() -> list[SampleStream]:
    """Return all sensors, none of them opened yet."""
    loop_clock = asyncio.get_running_loop().time
    wide = frozenset({"ecg", "acc"})
    band = bands.BandSettings(
        profiles=load_all(ROOT / "configs" / "devices"), name_or_address=BAND, kind="packed"
    )
    return [
        *(strap.stream(strap.StrapSettings(name_or_address=name), loop_clock) for name in STRAPS),
        strap.stream(strap.StrapSettings(name_or_address=H10, streams=wide), loop_clock),
        bands.stream(band, loop_clock, lambda: strap.stream(strap.StrapSettings(), loop_clock)),
    ]


async def receive(seconds: float) -> None:
    """Count what comes out, and print it as JSON."""
    came: Counter[str] = Counter()
    said: dict[str, str] = {}

    async def count(samples: SampleStream) -> None:
        async with aclosing(samples):
            async for sample in samples:
                if isinstance(sample, Chunk):
                    key = f"{sample.source} {sample.signal}"
                    came[key] += len(sample) if sample.signal in ("rr", "eda") else 1
                elif isinstance(sample, Gap):
                    came[f"{sample.source} gaps"] += 1
                elif sample.detail:
                    said[sample.source] = sample.detail

    loop = asyncio.get_running_loop()
    tasks = [asyncio.create_task(count(samples)) for samples in streams()]
    began_s, began_cpu_s = loop.time(), time.process_time()
    await asyncio.sleep(seconds)
    ended_s, cpu_s = loop.time(), time.process_time() - began_cpu_s
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    share = cpu_s / (ended_s - began_s)
    sys.stdout.write(json.dumps({"came": came, "until": ended_s, "share": share, "said": said}))


def delivered(truth: list[dict[str, Any]], until_s: float) -> tuple[Counter[str], Counter[str]]:
    """Return what the rig says was notified, surely and at most."""
    surely: Counter[str] = Counter()
    at_most: Counter[str] = Counter()
    for event in truth:
        kind, ok = event["ev"], event.get("ok", False)
        signal, number = kind, int(kind in ("ecg", "acc"))
        if kind == "hrm":
            signal, number = "rr", len(event["rr_ms"])
        if kind == "notify" and event["dev"] == BAND and event["uuid"].startswith("e0da0002"):
            signal, number = "eda", 2
        if ok and number:
            key = f"{event['dev']} {signal}"
            at_most[key] += number
            surely[key] += number if event["t"] < until_s - EDGE_S else 0
    return surely, at_most


def soak(minutes: float) -> bool:
    """Run receiver and rig; return whether everything came out."""
    with tempfile.TemporaryDirectory() as folder:
        scenario, truth = Path(folder) / "scenario.json", Path(folder) / "truth.jsonl"
        scenario.write_text(json.dumps(SCENARIO))
        rig = [sys.executable, str(ROOT / "tests" / "rigs" / "virtual_bluez.py"), str(scenario)]
        receiver = [sys.executable, __file__, "--receive", str(minutes * 60.0)]
        done = subprocess.run(
            [*rig, "--truth", str(truth), "--", *receiver],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        result = json.loads(next(line for line in done.stdout.splitlines() if line[:1] == "{"))
        events = [json.loads(line) for line in truth.read_text().splitlines()]
    surely, at_most = delivered(events, result["until"])
    complete = True
    for key in sorted(surely):
        came = result["came"].get(key, 0)
        complete = complete and surely[key] <= came <= at_most[key]
        sys.stdout.write(f"{key:28} {came:7} of {surely[key]}..{at_most[key]}\n")
    gaps = sum(number for key, number in result["came"].items() if key.endswith(" gaps"))
    sys.stdout.write(f"gaps {gaps}; {100 * result['share']:.2f} % of a core\n")
    for source, detail in sorted(result["said"].items()):
        sys.stdout.write(f"{source}: {detail}\n")
    return complete and bool(surely)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--receive", type=float)
    given = parser.parse_args()
    if given.receive:
        asyncio.run(receive(given.receive))
    else:
        sys.exit(not soak(given.minutes))
