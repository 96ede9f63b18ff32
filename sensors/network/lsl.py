"""A stream of the Lab Streaming Layer, found by its name or its type."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from sensors.base import Clock, Sample, SampleStream
from sensors.errors import SensorUnavailable
from sensors.network import lsl_library
from sensors.network.beat_feeds import feed_for
from sensors.network.feeds import Feed
from sensors.network.link import SourceLink, SourceLost, SourceQuery, persist
from sensors.network.lsl_choice import (
    LslSettings,
    ambiguous,
    channel_columns,
    identity,
    place_text,
    predicate,
)
from sensors.signals import FloatArray, Signal

if TYPE_CHECKING:
    from pylsl import ContinuousResolver, StreamInfo, StreamInlet

__all__ = ["LslSettings", "stream"]

_LOOK_S = 1.0
_FORGET_S = 2.0  #: a stream that was not seen for this long is gone
_OPEN_S = 3.0  #: each waiting call of the library lasts at most this long
_PULL_EVERY_S = 0.05
_CORRECT_EVERY_S = 5.0
_BUFFER_S = 60  #: what the library keeps while we are busy; older samples are lost
_MOST_AT_ONCE = 4096
#: Stamps this far from their arrival are not of a clock that LSL knows, so arrival counts.
_BELIEVABLE_S = 10.0
_HOLE_S = 0.25
_SETTLE_S = 0.5  #: how long others may take to show that could be meant as well
_HINT = "Start the program that sends it, on this computer or in this network."


async def stream(settings: LslSettings, clock: Clock) -> SampleStream:
    """Yield the stream's signals, gaps and statuses for ever.

    Parameters
    ----------
    settings
        Which device, and what it is to send.
    clock
        The session's.

    Yields
    ------
    Sample
        In order of time.

    Raises
    ------
    SensorUnavailable
        Without the library.
    SettingsError
        For a stream whose channels mean nothing to us.
    SensorNotFound
        Before the first sample only.
    """
    lsl_library.load(SensorUnavailable)
    import pylsl

    wanted = SourceQuery(
        what=f"the LSL stream {place_text(settings)!r}",
        hint=_HINT,
        wait_s=settings.wait_s,
        seed=settings.seed,
    )
    link = SourceLink(settings.name or place_text(settings), wanted, clock)
    # It looks around on a thread of the library, so asking it never blocks.
    around = pylsl.ContinuousResolver(pred=predicate(settings), forget_after=_FORGET_S)
    async with aclosing(persist(link, partial(_once, settings, link, around))) as samples:
        async for sample in samples:
            yield sample


async def _once(
    settings: LslSettings, link: SourceLink, around: ContinuousResolver
) -> AsyncGenerator[Sample, None]:
    """Live through one connection to the stream."""
    inlet = await _open(await _find(settings, link, around), link)
    try:
        for status in link.trying("connecting"):
            yield status
        info = await asyncio.to_thread(_call, inlet.info, _OPEN_S)
        link.device = identity(info)
        channels = _Channels(settings, link, info)
        async with aclosing(_pull(inlet, channels, link)) as samples:
            async for sample in samples:
                yield sample
    finally:
        # Closing waits for the library's own threads.
        await asyncio.shield(asyncio.to_thread(inlet.close_stream))


async def _find(settings: LslSettings, link: SourceLink, around: ContinuousResolver) -> StreamInfo:
    """Return the stream; a name counts before a type, and one that was met before all others."""
    give_up_s = link.clock() + link.patience_s(_LOOK_S)
    while not (found := [i for i in around.results() if link.device in ("", identity(i))]):
        if link.clock() >= give_up_s:
            raise SourceLost("The stream is not in sight. Is its sender running? Trying again.")
        await asyncio.sleep(_PULL_EVERY_S)
    if not link.device:
        await asyncio.sleep(_SETTLE_S)
        found = around.results() or found
    found = [info for info in found if info.name() == settings.name] or found
    if len({identity(info) for info in found}) > 1:
        raise ambiguous(settings, found)
    # One that was closed is remembered for a while beside the one that took its place.
    return max(found, key=lambda info: float(info.created_at()))


async def _open(info: StreamInfo, link: SourceLink) -> StreamInlet:
    from pylsl import StreamInlet

    # Without its own recovery the library says at once that a stream is lost.
    inlet = StreamInlet(info, max_buflen=_BUFFER_S, recover=False, as_numpy=True)
    await asyncio.to_thread(_call, inlet.open_stream, link.patience_s(_OPEN_S))
    return inlet


async def _pull(
    inlet: StreamInlet, channels: _Channels, link: SourceLink
) -> AsyncGenerator[Sample, None]:
    """Take what has come, 20 times a second; nothing here blocks the loop."""
    from pylsl import local_clock
    from pylsl.util import LostError

    heard_s = corrected_s = link.clock()
    correction_s = await asyncio.to_thread(_call, inlet.time_correction, link.patience_s(_OPEN_S))
    while True:
        now_s = link.clock()
        if now_s - corrected_s > _CORRECT_EVERY_S:
            corrected_s = now_s
            correction_s = await asyncio.to_thread(_call, inlet.time_correction, _OPEN_S)
            now_s = link.clock()
        try:
            rows, stamps = inlet.pull_chunk(timeout=0.0, max_samples=_MOST_AT_ONCE)
        except LostError:
            raise SourceLost("The stream has ended. Waiting for its return.") from None
        if len(stamps):
            heard_s = now_s
            times_s = np.asarray(stamps, dtype=np.float64) + correction_s + (now_s - local_clock())
            for sample in channels.take(now_s, times_s, np.asarray(rows, dtype=np.float64)):
                yield sample
        elif now_s - heard_s > link.patience_s(channels.silence_s):
            raise SourceLost("The stream went silent. Connecting again.", "stall")
        if len(stamps) < _MOST_AT_ONCE:
            await asyncio.sleep(_PULL_EVERY_S)


def _call(function: Any, timeout_s: float) -> Any:
    """Call one of the library's waiting functions; its losses are ours."""
    from pylsl.util import LostError
    from pylsl.util import TimeoutError as NoAnswer

    try:
        return function(timeout=timeout_s)
    except (LostError, NoAnswer) as error:
        raise SourceLost("The stream does not answer. Trying again.") from error


class _Channels:
    """Knows which channel is which signal, and where its samples stood last."""

    def __init__(self, settings: LslSettings, link: SourceLink, info: StreamInfo) -> None:
        self._link = link
        rate_hz = float(info.nominal_srate())
        self._rate_hz = rate_hz if rate_hz > 0.0 else None
        self.silence_s = max(5.0, 5.0 / rate_hz) if self._rate_hz else 10.0
        self._columns = channel_columns(settings, info)

    def take(self, now_s: float, times_s: FloatArray, rows: FloatArray) -> list[Sample]:
        """Return the samples of rows (n, channels) with their times."""
        if not abs(now_s - times_s[-1]) <= _BELIEVABLE_S:
            times_s = times_s - times_s[-1] + now_s
        samples: list[Sample] = []
        for meaning, columns in self._columns:
            values = meaning.in_our_unit(rows[:, columns])
            samples += self._feed(meaning.signal).add(now_s, times_s, values)
        return samples

    def _feed(self, signal: Signal) -> Feed:
        feeds, link = self._link.feeds, self._link
        if signal not in feeds:
            feeds[signal] = feed_for(
                signal, link.source, link.count_bad,
                rate_hz=self._rate_hz, hole_s=_HOLE_S, beside=feeds,
            )  # fmt: skip
        return feeds[signal]
