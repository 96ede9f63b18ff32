"""What every sensor is: an endless, cancellable stream of chunks, gaps and status changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from sensors.signals import Chunk, Gap

__all__ = ["Clock", "LinkState", "Sample", "SampleStream", "SensorStatus", "sleep_until"]

#: Returns seconds since the session started; the only clock that a sensor may read.
Clock = Callable[[], float]
LinkState = Literal["searching", "connecting", "streaming", "lost", "ended"]


@dataclass(frozen=True, slots=True)
class SensorStatus:
    """The state of one sensor's link; sent whenever any part of it changes.

    `contact` is None where the device cannot tell, `battery_percent` where it did not say.
    `ended` is for recordings: there will be no more samples. `detail` is one plain sentence that
    a wearer can act on, or empty. `drift_ppm` is by how many millionths the device's clock is fast,
    None until that is known. `bad` is how much bad input came so far, by its kind. `wish` is what
    was asked for, where the device answers under another name: the sensor told of itself under
    that one before. `trust` is what its signals are worth, 0 to 1 by name, where something about
    them does not fit; `detail` says what. `profile` is the name of the profile that its packets are
    decoded with, and a digest of what it says; empty where none is.
    """

    source: str  #: the sensor's name
    time_s: float  #: session time
    state: LinkState  #: of the link
    battery_percent: int | None = None
    contact: bool | None = None
    detail: str = ""
    drift_ppm: float | None = None
    bad: Mapping[str, int] = field(default_factory=dict)
    wish: str = ""
    trust: Mapping[str, float] = field(default_factory=dict)
    profile: str = ""


Sample = Chunk | Gap | SensorStatus

#: Each sensor module offers `stream(settings, clock) -> SampleStream`. Closing it releases the
#: device. It raises only for what the user must mend (see `sensors.errors`), never for bad data.
SampleStream = AsyncGenerator[Sample, None]


async def sleep_until(time_s: float, clock: Clock) -> None:
    """Wait until the session's clock shows `time_s`; return at once when it is past.

    Parameters
    ----------
    time_s
        Session time.
    clock
        The session's.
    """
    await asyncio.sleep(max(0.0, time_s - clock()))
