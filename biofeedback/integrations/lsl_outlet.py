"""The session as streams of the Lab Streaming Layer, for recorders and screens of a laboratory.

One stream for each signal of each sensor, one for the metrics, one for arousal and the music's
parameters, one for markers. Times are the session's, on LSL's clock. It only listens: what it
cannot pass on in time is lost and counted, and never delays the music.
"""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from biofeedback.common.errors import ConfigError
from biofeedback.common.event_bus import EventBus, Subscription
from biofeedback.common.tasks import aside
from biofeedback.control.base import Decision
from biofeedback.engine.inputs import Command
from biofeedback.metrics.base import Reading
from biofeedback.state.estimator import State
from sensors.network import lsl_library
from sensors.signals import UNITS, Chunk, Gap

if TYPE_CHECKING:
    from pylsl import StreamOutlet

__all__ = ["LslOutlet"]

#: More than comes in a second with every signal; beyond it the oldest are lost.
_CAPACITY = 4096
_LAST_S = 1.0  #: how long the end of a session waits for the library
_STATE = ("arousal", "low", "high", "confidence")
_PARAMS = (
    ("setpoint", ""), ("tempo_bpm", "bpm"), ("density", "1/beat"), ("dynamics", ""),
    ("register", ""), ("brightness", ""), ("tension", ""), ("articulation", ""), ("swing", ""),
    ("swell", ""),
)  # fmt: skip
#: (label, unit) of each channel
Channels = Sequence[tuple[str, str]]


class LslOutlet:
    """Streams named "NAME rr", "NAME metrics", "NAME music", "NAME markers" and the like.

    `clock` gives session time in s. `dropped` counts what came faster than it could be passed on,
    `trouble` says why the last of it was not passed on, "" while all is well.
    """

    name = "LSL"

    def __init__(self, name: str, clock: Callable[[], float]) -> None:
        if not name.strip():
            raise ConfigError("the LSL streams need a name", hint="Give one: --lsl biofeedback")
        self._name = name.strip()
        self._clock = clock
        self._offset_s = 0.0
        self._events: Subscription[Any] | None = None
        self._outlets: dict[tuple[str, str], StreamOutlet] = {}
        self._metrics: tuple[str, ...] = ()
        self._state: State | None = None
        self.trouble = ""
        self._turn = threading.Lock()

    @property
    def dropped(self) -> int:
        """How many events were lost, because they came faster than they could be passed on."""
        return 0 if self._events is None else self._events.dropped

    async def open(self) -> None:
        """Load the library and offer the stream of markers; raise `ConfigError` without it."""
        lsl_library.load(ConfigError)
        from pylsl import local_clock

        self._offset_s = local_clock() - self._clock()
        await aside(self._outlet, "markers", "Markers", "", (("marker", ""),))

    def listen(self, bus: EventBus[Any]) -> None:
        """Hear everything that the session says from now on."""
        self._events = bus.subscribe(_CAPACITY, "LSL")

    async def run(self, session: object) -> None:
        """Pass on what is heard until cancelled; a library that fails is told in `trouble`.

        `session` is not needed: nothing comes back.
        """
        assert self._events is not None
        while True:
            await self._events.wait()
            await self._take()

    async def close(self) -> None:
        """Pass on what was heard last, if the library takes it, and take the streams away."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_S):
                await self._take()
        self._outlets.clear()

    async def _take(self) -> None:
        """Pass on what was heard, and take in nothing meanwhile: a library that hangs shows."""
        events = self._events.drain() if self._events is not None else []
        if not events:
            return
        try:
            await aside(self._pass_on, events, self._clock())
        except (RuntimeError, OSError, ValueError) as error:
            self.trouble = f"the LSL streams failed: {error}"
        else:
            self.trouble = ""

    def _pass_on(self, events: Sequence[object], now_s: float) -> None:
        with self._turn:  # whoever was cancelled left a thread that is still at it
            for event in events:
                self._send(event, now_s)

    def _send(self, event: object, now_s: float) -> None:
        match event:
            case Chunk():
                self._signal(event)
            case tuple():
                self._readings(event)
            case State():
                self._state = event
            case Decision():
                self._decision(event)
            case Command(what="marker"):
                at_s = now_s if event.time_s is None else event.time_s
                self._mark(event.value or "marker", at_s)
            case Command():
                value = "" if event.what == "stop" else event.value  # a stop's is how it ends
                self._mark(f"{event.what} {value}".strip(), now_s)
            case Gap():
                self._mark(f"gap {event.signal.value} {event.reason}", event.end_s)
            case _:
                pass

    def _signal(self, chunk: Chunk) -> None:
        count, signal = chunk.values.shape[1], chunk.signal.value
        names = [signal] if count == 1 else [f"{signal}_{'xyz'[i] if count == 3 else i + 1}"
                                             for i in range(count)]  # fmt: skip
        channels = [(name, UNITS[chunk.signal]) for name in names]
        outlet = self._outlet(signal, signal.upper(), chunk.source, channels, chunk.rate_hz or 0.0)
        if len(chunk):
            outlet.push_chunk(chunk.values.tolist(), (chunk.times_s + self._offset_s).tolist())

    def _readings(self, readings: tuple[Reading, ...]) -> None:
        if not self._metrics:
            self._metrics = tuple(reading.name for reading in readings)
        channels = [
            channel
            for reading in readings
            for channel in ((reading.name, reading.unit), (f"{reading.name} quality", ""))
        ]
        outlet = self._outlet("metrics", "Metrics", "", channels, 1.0)
        known = {reading.name: reading for reading in readings}
        values: list[float] = []
        for name in self._metrics:
            found = known.get(name)
            value = None if found is None else found.value
            values += [math.nan if value is None else value, found.quality if found else 0.0]
        outlet.push_sample(values, readings[0].time_s + self._offset_s)

    def _decision(self, decision: Decision) -> None:
        channels = [*((name, "") for name in _STATE), *_PARAMS]
        outlet = self._outlet("music", "Biofeedback", "", channels, 2.0)
        state = self._state
        values = [math.nan if state is None else getattr(state, name) for name in _STATE]
        values.append(math.nan if decision.setpoint is None else decision.setpoint)
        values += [float(getattr(decision.params, name)) for name, _ in _PARAMS[1:]]
        outlet.push_sample(values, decision.time_s + self._offset_s)

    def _mark(self, text: str, time_s: float) -> None:
        self._outlets["markers", ""].push_sample([text], time_s + self._offset_s)

    def _outlet(
        self, what: str, kind: str, source: str, channels: Channels, rate_hz: float = 0.0
    ) -> StreamOutlet:
        """Return a stream, made when it is first needed; `rate_hz` 0 stands for events."""
        outlet = self._outlets.get((what, source))
        if outlet is None:
            from pylsl import StreamInfo, StreamOutlet

            form = "string" if what == "markers" else "double64"
            name = f"{self._name} {what}"
            if any(known == what for known, _ in self._outlets):
                name = f"{name} {source}"
            identity = f"{self._name}/{what}/{source}"
            info = StreamInfo(name, kind, len(channels), rate_hz, form, identity)
            info.set_channel_labels([label for label, _ in channels])
            info.set_channel_units([unit for _, unit in channels])
            info.desc().append_child_value("manufacturer", "biofeedback")
            info.desc().append_child_value("device", source or "biofeedback")
            outlet = self._outlets[what, source] = StreamOutlet(info)
        return outlet
