"""Records straps for some seconds from when they stream; prints a JSON line for each sample.

Times are those of the loop, CLOCK_MONOTONIC on Linux: the truth log of virtual_bluez has the same.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
from contextlib import aclosing

from sensors.base import Sample, SensorStatus
from sensors.ble import identity, strap
from sensors.ble.radio import scan
from sensors.errors import SensorError
from sensors.signals import Chunk


def as_json(sample: Sample) -> dict[str, object]:
    if isinstance(sample, Chunk):
        times, values = sample.times_s.tolist(), sample.values[:, 0].tolist()
        device = sample.device_times_s
        return {
            "is": "chunk",
            "source": sample.source,
            "signal": sample.signal,
            "times": times,
            "values": values,
            "rate": sample.rate_hz,
            "device_times": None if device is None else device.tolist(),
        }
    if isinstance(sample, SensorStatus):
        return {
            "is": "status",
            "source": sample.source,
            "t": sample.time_s,
            "state": sample.state,
            "battery": sample.battery_percent,
            "contact": sample.contact,
            "detail": sample.detail,
        }
    return {
        "is": "gap",
        "signal": sample.signal,
        "start": sample.start_s,
        "end": sample.end_s,
        "reason": sample.reason,
    }


def say(record: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(record) + "\n")
    sys.stdout.flush()


#: How long it may take until a sensor streams, on a machine however busy.
CONNECTED_S = 120.0


def count_anew(
    limit: asyncio.Timeout | None, sample: Sample, state: str, end_s: float
) -> asyncio.Timeout | None:
    """Count the seconds from when the sensor is first in a state.

    Returns the limit while it still has to be moved.
    """
    if limit is None or not isinstance(sample, SensorStatus) or sample.state != state:
        return limit
    limit.reschedule(end_s)
    return None


async def record(
    settings: strap.StrapSettings,
    seconds: float,
    state: str,
    connected_s: float,
    killed_after: int | None,
) -> None:
    chunks = 0
    clock = asyncio.get_running_loop().time
    try:
        stream = strap.stream(settings, clock)
        async with asyncio.timeout(connected_s) as limit, aclosing(stream) as samples:
            async for sample in samples:
                say(as_json(sample))
                limit = count_anew(limit, sample, state, clock() + seconds)
                chunks += isinstance(sample, Chunk)
                if chunks == killed_after:
                    os.kill(os.getpid(), signal.SIGKILL)
    except TimeoutError:
        say({"is": "closed", "t": clock()})
    except SensorError as error:
        kind, hint = type(error).__name__, error.hint
        say({"is": "error", "t": clock(), "type": kind, "text": str(error), "hint": hint})


async def record_all(
    straps: list[strap.StrapSettings],
    seconds: float,
    state: str,
    connected_s: float,
    killed_after: int | None,
) -> None:
    async with asyncio.TaskGroup() as group:
        for settings in straps:
            group.create_task(record(settings, seconds, state, connected_s, killed_after))


async def look_around(seconds: float) -> None:
    for seen in await scan(seconds):
        say({"is": "seen", "name": seen.name, "address": seen.address, "gives": seen.gives})


def options() -> argparse.ArgumentParser:
    """Return what every recorder can be told."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", action="append")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--away", type=float, default=identity.AWAY_S, help="s, of a known device")
    parser.add_argument("--scan", action="store_true")
    return parser


if __name__ == "__main__":
    parser = options()
    parser.add_argument("--connected", type=float, default=CONNECTED_S, help="in that many seconds")
    parser.add_argument("--once", default="streaming", help="in this state, seconds count")
    parser.add_argument("--wait", type=float, default=30.0)
    parser.add_argument("--killed-after", type=int, help="chunks, then it dies without a goodbye")
    parser.add_argument("--serial", default="")
    parser.add_argument("--stream", action="append", default=[])
    given = parser.parse_args()
    identity.AWAY_S = given.away
    if given.scan:
        asyncio.run(look_around(given.seconds))
    else:
        straps = [
            strap.StrapSettings(
                name_or_address=name,
                serial=given.serial,
                streams=frozenset(given.stream),
                wait_s=given.wait,
            )
            for name in given.name or [""]
        ]
        asyncio.run(
            record_all(straps, given.seconds, given.once, given.connected, given.killed_after)
        )
