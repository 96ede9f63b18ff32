"""A stream of markers of the Lab Streaming Layer: each text becomes a marker of the session.

A marker stands at the time that its sender gave it, on the session's clock, not at the time at
which it came. What is not in sight yet is looked for while the session runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from biofeedback.common.errors import CommandError, ConfigError
from biofeedback.common.tasks import aside
from biofeedback.runtime.ports import SessionControl
from sensors.network import lsl_library

if TYPE_CHECKING:
    from pylsl import ContinuousResolver, StreamInfo, StreamInlet

__all__ = ["LslMarkerInput"]

_LOOK_S = 0.25
_PULL_EVERY_S = 0.02
_OPEN_S = 3.0
_CORRECT_EVERY_S = 5.0
_MOST_AT_ONCE = 256
_BUFFER = 300  #: samples that the library keeps, in hundreds for a stream without a rate
#: Stamps this far from their arrival are not of a clock that LSL knows, so arrival counts.
_BELIEVABLE_S = 10.0
_OURS = "/markers/"  #: how the identity of a stream of markers ends that a session sends


class LslMarkerInput:
    """Marks with the texts of the stream of this name or else type; `now_s` is the session's clock.

    `trouble` says that the stream is not in sight, "" while it is.
    """

    def __init__(self, name: str, now_s: Callable[[], float]) -> None:
        if not name.strip() or "'" in name:
            raise ConfigError(
                f"lsl:{name} names no stream of markers", hint="Give its name or type: lsl:Markers"
            )
        self._name = name.strip()
        self.name = f"lsl:{self._name}"
        self._now_s = now_s
        self._around: ContinuousResolver | None = None
        self._inlet: StreamInlet | None = None
        self.trouble = ""

    async def open(self) -> None:
        """Load the library and begin to look around; raise `ConfigError` without it."""
        lsl_library.load(ConfigError)
        from pylsl import ContinuousResolver

        self._around = ContinuousResolver(pred=f"name='{self._name}' or type='{self._name}'")

    async def run(self, session: SessionControl) -> None:
        """Mark what comes until cancelled; a stream that is lost is looked for again."""
        from pylsl.util import LostError
        from pylsl.util import TimeoutError as NoAnswer

        while True:
            info = await self._find()
            with suppress(LostError, NoAnswer):
                await self._listen(info, session)
            await self.close()

    async def close(self) -> None:
        """Leave the stream; harmless twice."""
        if self._inlet is not None:
            inlet, self._inlet = self._inlet, None
            await asyncio.shield(aside(inlet.close_stream))

    async def _find(self) -> StreamInfo:
        assert self._around is not None
        while True:
            found = [info for info in self._around.results() if not _is_ours(info)]
            named = [info for info in found if info.name() == self._name] or found
            if named:
                return max(named, key=lambda info: float(info.created_at()))
            self.trouble = f"the LSL stream {self._name!r} is not in sight"
            await asyncio.sleep(_LOOK_S)

    async def _listen(self, info: StreamInfo, session: SessionControl) -> None:
        from pylsl import StreamInlet

        # Without its own recovery the library says at once that a stream is lost.
        inlet = StreamInlet(info, max_buflen=_BUFFER, recover=False)
        self._inlet = inlet
        await aside(inlet.open_stream, timeout=_OPEN_S)
        corrected_s, offset_s = -_CORRECT_EVERY_S, 0.0
        self.trouble = ""
        while True:
            if self._now_s() - corrected_s >= _CORRECT_EVERY_S:
                correction_s = await aside(inlet.time_correction, timeout=_OPEN_S)
                corrected_s, offset_s = self._now_s(), correction_s + self._between_clocks_s()
            rows, stamps = inlet.pull_chunk(timeout=0.0, max_samples=_MOST_AT_ONCE)
            now_s = self._now_s()
            for row, stamp in zip(rows, stamps, strict=True):
                self._mark(session, row, stamp + offset_s, now_s)
            await asyncio.sleep(_PULL_EVERY_S)

    def _between_clocks_s(self) -> float:
        """Return the session's time less LSL's, read as close together as the machine allows."""
        from pylsl import local_clock

        pairs = []
        for _ in range(5):
            before_s, now_s, after_s = local_clock(), self._now_s(), local_clock()
            pairs.append((after_s - before_s, now_s - 0.5 * (before_s + after_s)))
        return float(min(pairs)[1])

    def _mark(
        self, session: SessionControl, row: Sequence[Any], time_s: float, now_s: float
    ) -> None:
        at_s = time_s if abs(now_s - time_s) <= _BELIEVABLE_S else now_s
        text = " ".join(str(value) for value in row).strip() or "marker"
        with suppress(CommandError):  # a text that is too long for a marker
            session.command(self.name, "marker", text, at_s)


def _is_ours(info: StreamInfo) -> bool:
    """Whether a session sends it: to listen to one's own markers would never end."""
    return bool(info.source_id().endswith(_OURS))
