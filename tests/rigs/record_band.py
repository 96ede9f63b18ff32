"""Records bands for some seconds; prints a JSON line for each sample, as `record_strap` does."""

import asyncio
from contextlib import aclosing
from pathlib import Path

from record_strap import CONNECTED_S, as_json, count_anew, options, say

from sensors.base import SampleStream
from sensors.ble import bands, identity, strap
from sensors.ble.radio import scan
from sensors.errors import SensorError
from sensors.profiles.loader import load_all

PROFILES = load_all(Path(__file__).parents[2] / "configs" / "devices")


async def record(name: str, kind: str, ecg: int, seconds: float) -> None:
    clock = asyncio.get_running_loop().time
    settings = bands.BandSettings(
        profiles=PROFILES, name_or_address=name, kind=kind, ecg=ecg, wait_s=CONNECTED_S
    )

    def otherwise(found: bands.BandSettings) -> SampleStream:
        named = strap.StrapSettings(
            name_or_address=found.name_or_address, label=found.label, wait_s=found.wait_s
        )
        return strap.stream(named, clock)

    try:
        stream = bands.stream(settings, clock, otherwise)
        async with asyncio.timeout(CONNECTED_S) as limit, aclosing(stream) as samples:
            async for sample in samples:
                say(as_json(sample))
                limit = count_anew(limit, sample, "streaming", clock() + seconds)
    except TimeoutError:
        say({"is": "closed", "t": clock()})
    except SensorError as error:
        say({"is": "error", "type": type(error).__name__, "text": str(error), "hint": error.hint})


async def record_all(names: list[str], kind: str, ecg: int, seconds: float) -> None:
    async with asyncio.TaskGroup() as group:
        for name in names:
            group.create_task(record(name, kind, ecg, seconds))


async def look_around(seconds: float) -> None:
    recognise = bands.recognise(PROFILES)
    for seen in await scan(seconds, recognise):
        say({"is": "seen", "name": seen.name, "kind": seen.kind, "gives": seen.gives})


if __name__ == "__main__":
    parser = options()
    parser.add_argument("--kind", default="")
    parser.add_argument("--ecg", type=int, default=0)
    given = parser.parse_args()
    identity.AWAY_S = given.away
    if given.scan:
        asyncio.run(look_around(given.seconds))
    else:
        asyncio.run(record_all(given.name or [""], given.kind, given.ecg, given.seconds))
