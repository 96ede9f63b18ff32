"""A simulated sensor: the parametric body, seen through a link that may drop out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

from sensors.base import Clock, SampleStream, SensorStatus, sleep_until
from sensors.errors import SettingsError
from sensors.signals import Gap, Signal
from sensors.simulated.body import BodySettings, SimulatedBody

__all__ = ["SimulatedSettings", "stream"]

_PACKET_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedSettings(BodySettings):
    """A body, for how long it is seen (None: for ever), and how bad the link to it is.

    `dropouts_per_hour` losses of the link, each `dropout_s` long, come at random times.
    """

    name: str = "simulated"  #: the sensor's
    duration_s: float | None = None  #: None for ever
    dropouts_per_hour: float = 0.0
    dropout_s: float = 8.0

    def __post_init__(self) -> None:
        BodySettings.__post_init__(self)  # super() does not work in a class with slots
        if self.duration_s is not None and not self.duration_s >= 0.0:
            raise SettingsError(f"a duration of {self.duration_s} s", hint="Give 0 s or more.")
        if not (0.0 <= self.dropouts_per_hour <= 3600.0 and self.dropout_s >= _PACKET_S):
            raise SettingsError(
                "dropouts that are not possible", hint="0 to 3600 an hour, each at least 1 s long."
            )


async def stream(settings: SimulatedSettings, clock: Clock) -> SampleStream:
    """Yield RR intervals and 4 Hz EDA each second, deterministic with the seed.

    Parameters
    ----------
    settings
        Body, link and duration.
    clock
        The session's.

    Yields
    ------
    Sample
        Statuses, chunks, and gaps after each dropout.
    """
    source, start_s = settings.name, float(math.floor(clock()))
    body = SimulatedBody(settings, source, start_s)
    rng = Random(f"{settings.seed}/link")
    lost_since_s: float | None = None
    packets = None if settings.duration_s is None else math.ceil(settings.duration_s / _PACKET_S)
    packet = 0
    yield SensorStatus(source, clock(), "streaming", 100, True, "A simulated body.")
    while packets is None or packet < packets:
        packet += 1
        now_s = start_s + packet * _PACKET_S
        await sleep_until(now_s, clock)
        chunks = body.step(now_s)
        drops = rng.random() < settings.dropouts_per_hour * _PACKET_S / 3600.0
        if lost_since_s is None and drops:
            lost_since_s = now_s - _PACKET_S
            yield SensorStatus(source, clock(), "lost", 100, None, "The simulated link is lost.")
        elif lost_since_s is not None and now_s - lost_since_s > settings.dropout_s:
            yield SensorStatus(source, clock(), "streaming", 100, True, "A simulated body.")
            for signal in (Signal.RR, Signal.EDA):
                yield Gap(signal, source, lost_since_s, now_s - _PACKET_S, "link")
            lost_since_s = None
        if lost_since_s is None:
            for chunk in chunks:
                yield chunk
    yield SensorStatus(source, clock(), "ended", 100, None, "The simulation is over.")
