"""A sensor that a session can open, whatever made it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from biofeedback.simulation.music_monitor import MusicMonitor
from sensors.base import Clock, SampleStream

__all__ = ["SensorSource"]


@dataclass(frozen=True, slots=True)
class SensorSource:
    """A sensor that can be opened; `timeless` ones run in virtual time as well as live.

    `opened` takes the session's clock, and the ear through which a virtual listener hears.
    """

    uri: str
    opened: Callable[[Clock, MusicMonitor], SampleStream]
    timeless: bool = False
    simulated: bool = False
    duration_s: float | None = None
    markers: tuple[tuple[float, str], ...] = ()
    warnings: tuple[str, ...] = ()
    wearer: str = ""  #: whose it is, in a group
