"""Map: the body plays the music, by routes that an artist wrote.

A route takes a metric, the arousal or an event, and moves a parameter of the music, a MIDI
controller or an OSC address with it: through a range, a curve and a smoothing.
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Callable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from biofeedback.common.portable_math import exp
from biofeedback.control.base import ControlInput, ControlTarget
from biofeedback.control.limits import clamp
from biofeedback.control.transition_tracker import SECONDS
from synth.params import DENSITY_RANGE, TEMPO_RANGE_BPM

__all__ = ["EVENTS", "STATES", "Mapping", "MappingRoute", "MappingSettings", "controller"]

Share = Annotated[float, Meta(ge=0.0, le=1.0)]

#: What a route can start from, besides the metrics.
STATES, EVENTS = ("arousal", "confidence"), ("beat", "scr")
#: Parameters that a route can move, and their ranges.
TARGETS = {
    "level": (0.0, 1.0),
    "tempo_bpm": TEMPO_RANGE_BPM,
    "density": DENSITY_RANGE,
    "dynamics": (0.0, 1.0),
    "register": (-1.0, 1.0),
    "brightness": (0.0, 1.0),
    "tension": (0.0, 1.0),
    "articulation": (0.0, 1.0),
    "swing": (0.5, 0.67),
}
_CONTROLLER = re.compile(r"cc (\d{1,3})(?: channel (\d{1,2}))?")


class MappingRoute(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One `[[control.map.route]]` table.

    `in` is the range of the source that crosses the range `out`; what lies beyond stays at its
    end. Either may run backwards. A controller and an address are sent 0 to 1 unless `out` says
    otherwise.
    """

    source: str = msgspec.field(name="from")
    to: str
    range_in: tuple[float, float] = msgspec.field(name="in", default=(0.0, 1.0))
    range_out: tuple[float, float] | None = msgspec.field(name="out", default=None)
    curve: Literal["linear", "exponential", "logarithmic", "s"] = "linear"
    smooth_s: Annotated[float, Meta(ge=0.0, le=120.0)] = 2.0
    decay_s: Annotated[float, Meta(gt=0.0, le=60.0)] = 1.0  #: of what an event sets off

    def __post_init__(self) -> None:
        if self.range_in[0] == self.range_in[1]:
            raise ValueError(f"in: from {self.range_in[0]:g} to itself is no range")
        if self.to in TARGETS:
            low, high = TARGETS[self.to]
            if any(not low <= value <= high for value in self.out):
                raise ValueError(f"out: {self.to} goes from {low:g} to {high:g}")
        elif self.to.startswith("/"):
            if not re.fullmatch(r"(/[\w.-]+)+", self.to, re.ASCII):
                raise ValueError(f"to: {self.to!r} is no OSC address")
        elif controller(self.to) is None:
            known = ", ".join(TARGETS)
            raise ValueError(
                f"to: there is no {self.to!r}; there are {known}, 'cc 74 channel 1', '/an/address'"
            )

    @property
    def out(self) -> tuple[float, float]:
        """The range that the target crosses."""
        return self.range_out or TARGETS.get(self.to, (0.0, 1.0))


class MappingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The routes, and the activation of the music where none moves it."""

    level: Share = 0.3
    route: tuple[MappingRoute, ...] = ()

    def __post_init__(self) -> None:
        targets = [route.to for route in self.route]
        twice = next((to for to in targets if targets.count(to) > 1), None)
        if twice is not None:
            raise ValueError(f"route: two of them move {twice}")


class Mapping:
    """Plays its routes; one whose source is unknown, or not to be trusted, stays where it was."""

    follows_body = False
    finished = False

    def __init__(self, settings: MappingSettings) -> None:
        self._settings = settings
        self._values: dict[str, float] = {}
        self._pulses: dict[str, float] = {}
        self._trail: deque[tuple[float, dict[str, float]]] = deque()  # when, and the values then
        self._now_s = 0.0
        self._cause = "map"

    def aim(self, moment: ControlInput) -> ControlTarget:
        """Move each target towards what its source says."""
        for route in self._settings.route:
            self._move(route, moment)
        values = self._values
        plain = {name: value for name, value in values.items() if name in TARGETS}
        shown = [f"{r.source} plays {r.to} {values[r.to]:.3g}" for r in self._settings.route
                 if r.to in values]  # fmt: skip
        return ControlTarget(
            plain.pop("level", self._settings.level),
            None,
            "; ".join(shown[:3]).capitalize() + "." if shown else "Nothing plays the music yet.",
            tempo_bpm=plain.pop("tempo_bpm", None),
            cause=self._named(moment.dt_s),
            numbers={name: value for name, value in values.items() if name not in TARGETS},
            params=plain,
        )

    def _named(self, dt_s: float) -> str:
        """Return the source that has moved the music furthest in 10 s, there and back not counted.

        Where none has, it is the one named before.
        """
        self._now_s += dt_s
        self._trail.append((self._now_s, dict(self._values)))
        while len(self._trail) > 1 and self._trail[1][0] <= self._now_s - SECONDS:
            self._trail.popleft()
        then = self._trail[0][1]
        moved: dict[str, float] = {}
        for route in self._settings.route:
            if route.to in then:
                low, high = TARGETS.get(route.to, route.out)
                share = abs(self._values[route.to] - then[route.to]) / max(abs(high - low), 1e-9)
                moved[route.source] = max(share, moved.get(route.source, 0.0))
        most = max(moved, key=lambda source: moved[source], default=None)
        if most is not None and moved[most] > 0.0:
            self._cause = most
        return self._cause

    def _move(self, route: MappingRoute, moment: ControlInput) -> None:
        found = self._source(route, moment)
        if found is None:
            return
        start, end = route.range_in
        share = _CURVES[route.curve](clamp((found - start) / (end - start), 0.0, 1.0))
        low, high = route.out
        wanted = low + (high - low) * share
        before = self._values.get(route.to, wanted)
        keep = exp(-moment.dt_s / route.smooth_s) if route.smooth_s else 0.0
        after = wanted if route.source in EVENTS else wanted + keep * (before - wanted)
        self._values[route.to] = after

    def _source(self, route: MappingRoute, moment: ControlInput) -> float | None:
        if route.source in EVENTS:
            fade = exp(-moment.dt_s / route.decay_s)
            pulse = 1.0 if route.source in moment.events else fade * self._pulse(route)
            self._pulses[route.to] = pulse
            return pulse
        if route.source == "confidence":
            return moment.state.confidence
        if route.source == "arousal":
            return moment.state.arousal if moment.state.confidence > 0.25 else None
        return moment.trusted(route.source)

    def _pulse(self, route: MappingRoute) -> float:
        return self._pulses.get(route.to, 0.0)


def controller(target: str) -> tuple[int, int] | None:
    """Return number and channel (0 to 15) of "cc 74 channel 1"; None for any other text."""
    match = _CONTROLLER.fullmatch(target)
    if match is None:
        return None
    number, channel = int(match[1]), int(match[2] or 1)
    return (number, channel - 1) if number < 120 and 1 <= channel <= 16 else None


_CURVES: dict[str, Callable[[float], float]] = {
    "linear": lambda x: x,
    "exponential": lambda x: x * x,
    "logarithmic": math.sqrt,
    "s": lambda x: x * x * (3.0 - 2.0 * x),
}
