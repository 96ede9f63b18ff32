"""The links to a session's sensors, one place for each, and what they say together."""

from __future__ import annotations

from biofeedback.views.picture import OLD_S, SensorView
from sensors.base import SensorStatus
from sensors.signals import Chunk

__all__ = ["SensorLinks"]

_LOW_BATTERY_PERCENT = 20
#: What is told first where nobody sends: the worst news.
_BEFORE_STREAMING = ("lost", "connecting", "searching", "ended")


class SensorLinks:
    """Remembers the latest status of each sensor, in the order in which they were asked for."""

    def __init__(self) -> None:
        self._told: dict[str, SensorStatus] = {}
        self._places: dict[str, str] = {}
        self._heard_s: dict[str, float] = {}

    def meet(self, status: SensorStatus, now_s: float) -> None:
        """Remember a status; a device that answers to a wish takes that wish's place."""
        self._told[self._place(status)] = status
        if status.state == "streaming":
            self._heard_s[status.source] = now_s

    def feed(self, chunk: Chunk, now_s: float) -> None:
        """Remember when a source sent something."""
        self._heard_s[chunk.source] = now_s

    def sensors(self, now_s: float) -> tuple[SensorView, ...]:
        """Return each sensor as it is known now."""
        return tuple(self._sensor(status, now_s) for status in self._told.values())

    def signal(self, now_s: float, *, began: bool) -> str:
        """Return what the links let nobody see; "" while a body can be seen through one."""
        told = self._told.values()
        states = {status.state for status in told}
        streaming = [status for status in told if status.state == "streaming"]
        if not streaming:
            named = (state for state in _BEFORE_STREAMING if state in states)
            return next(named, "" if began else "waiting")
        if all(self._is_silent(status, now_s) for status in streaming):
            return "silent"
        if "lost" in states:
            return "part_lost"
        return "no_contact" if any(status.contact is False for status in streaming) else ""

    def _place(self, status: SensorStatus) -> str:
        """Return under which name a sensor was told of first; it may have a device's name since.

        A status without its wish, as older logs have it, is that of a wish that its name begins
        with, or else of a sensor of its own: nothing else tells them apart.
        """
        if status.wish or status.source in self._told or status.state == "searching":
            return status.wish or status.source
        if status.source not in self._places:
            sought = (name for name, told in self._told.items() if told.state == "searching")
            source = status.source.casefold()
            begun = [name for name in sought if source.startswith(name.casefold())]
            self._places[status.source] = max(begun, key=len, default=status.source)
        return self._places[status.source]

    def _is_silent(self, status: SensorStatus, now_s: float) -> bool:
        heard_s = self._heard_s.get(status.source, now_s)
        return status.state == "streaming" and now_s - heard_s > OLD_S

    def _sensor(self, status: SensorStatus, now_s: float) -> SensorView:
        silent, battery = self._is_silent(status, now_s), status.battery_percent
        seen = status.state == "streaming" and not silent
        return SensorView(
            source=status.source,
            state=status.state,
            battery_percent=battery,
            contact=status.contact if seen else None,
            detail=status.detail,
            battery_low=battery is not None and battery <= _LOW_BATTERY_PERCENT,
            heard_s=self._heard_s.get(status.source),
            silent=silent,
        )
