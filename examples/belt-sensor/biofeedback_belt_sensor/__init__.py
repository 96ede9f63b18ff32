"""A respiration belt that sends its stretch as lines of text over TCP, one number a line.

    biofeedback run --sensor belt:192.168.1.40:7000

A stretch sensor on an ESP8266, or `ser2net` before a belt with a serial port, speaks like this. The
belt has no clock, so each number stands at the time at which it arrived.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator

from biofeedback.app.registry import SensorOptions
from biofeedback.runtime.ports import SensorSource
from sensors.base import Clock, SampleStream, SensorStatus
from sensors.errors import SensorNotFound, SettingsError
from sensors.signals import Chunk, Gap, Signal

__all__ = ["belt", "stream"]

_CONNECT_S, _SILENCE_S, _RETRY_S = 3.0, 5.0, 1.0
_LARGEST = 1e6


def belt(target: str, options: SensorOptions) -> SensorSource:
    """Return the belt at HOST:PORT; this is what the entry point names."""
    host, _, port = target.rpartition(":")
    if not (host and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise SettingsError(
            f"{target!r} is no HOST:PORT", hint="For example belt:192.168.1.40:7000"
        )
    return SensorSource(
        f"belt:{target}", lambda clock, ear: stream(host, int(port), options.wait_s, clock)
    )


async def stream(host: str, port: int, wait_s: float, clock: Clock) -> SampleStream:
    """Yield what the belt sends, for ever; a link that is lost is opened again.

    Raises `SensorNotFound` when it is not there within `wait_s`.
    """
    source = f"belt {host}:{port}"
    begun_s, lost_s = clock(), None
    yield SensorStatus(source, begun_s, "connecting", detail=f"Looking for {source}.")
    while True:
        try:
            async with asyncio.timeout(_CONNECT_S):
                reader, writer = await asyncio.open_connection(host, port)
        except (OSError, TimeoutError) as error:
            if lost_s is None and clock() - begun_s > wait_s:
                raise SensorNotFound(
                    f"no belt at {host}:{port}: {error or 'no answer'}",
                    hint="Switch it on, and check that it is in this network.",
                ) from error
            await asyncio.sleep(_RETRY_S)
            continue
        try:
            if lost_s is not None:
                yield Gap(Signal.RESP, source, lost_s, clock(), "link")
            yield SensorStatus(source, clock(), "streaming")
            async for value in _values(reader):
                yield Chunk.events(Signal.RESP, source, [clock()], [value])
        finally:
            writer.close()
        lost_s = clock()
        yield SensorStatus(source, lost_s, "lost", detail="The belt is gone; it is looked for.")


async def _values(reader: asyncio.StreamReader) -> AsyncGenerator[float, None]:
    """Yield each number that arrives, until the link ends or says nothing for some seconds."""
    while True:
        try:
            async with asyncio.timeout(_SILENCE_S):
                line = await reader.readline()
        except (OSError, TimeoutError, ValueError):  # the last: a line without an end
            return
        if not line:
            return
        try:
            value = float(line)
        except ValueError:
            continue  # a word of greeting, or a line that was cut
        if math.isfinite(value) and abs(value) < _LARGEST:
            yield value
