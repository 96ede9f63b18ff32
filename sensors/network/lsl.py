"""A stream of the Lab Streaming Layer, found by its name or its type."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from sensors.base import Clock, Sample, SampleStream
from sensors.errors import SensorNotFound, SensorUnavailable, SettingsError
from sensors.labels import LabelMeaning, columns_of, meaning_of
from sensors.network import lsl_library
from sensors.network.feeds import Feed, feed_for
from sensors.network.link import SourceLink, SourceLost, SourceQuery, check_wait, persist
from sensors.network.options import signal_named, split
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
_TELLS_APART = ("type", "source_id", "host")
_HINT = "Start the program that sends it, on this computer or in this network."


@dataclass(frozen=True, slots=True, kw_only=True)
class LslSettings:
    """Which stream, by name or else by type, and what its channel is if it does not say.

    `kind`, `source_id` and `host` tell streams of one name apart. `wait_s` is how long it may take
    to appear at the start.
    """

    name: str  #: name or type of the stream; may be empty where one of the others is given
    kind: str = ""  #: its type
    source_id: str = ""
    host: str = ""  #: the computer that it comes from
    channel: str = ""  #: label or number from 1 on of the one that counts; empty for those known
    signal: Signal | None = None  #: what that channel is; None where the stream says it
    unit: str = ""  #: of that channel; empty for ours
    wait_s: float = 30.0
    seed: int = 1  #: of the pauses between attempts

    def __post_init__(self) -> None:
        check_wait(self.wait_s)
        wanted = (self.name, self.kind, self.source_id, self.host)
        if not any(wanted) or any("'" in text for text in wanted):
            raise SettingsError(
                f"{self.name!r} names no LSL stream", hint="Give its name or type, as in lsl:EDA."
            )
        if self.signal and meaning_of(self.signal.value, unit=self.unit) is None:
            raise SettingsError(
                f"the unit {self.unit!r} does not fit {self.signal}",
                hint="Give the unit that the stream has, such as uS or ms.",
            )

    @classmethod
    def parse(cls, target: str, *, wait_s: float = 30.0, seed: int = 1) -> Self:
        """Build settings from ``NAME?type=T&source_id=ID&host=H&channel=C&signal=eda&unit=uS``.

        Parameters
        ----------
        target
            What follows "lsl:" in a URI.
        wait_s
            How long the stream may take to appear at the start, 1 to 3600 s.
        seed
            Of the pauses between attempts.

        Returns
        -------
        Self
            Without a signal and a unit where the stream itself is to tell.

        Raises
        ------
        SettingsError
            For an unknown option or signal.
        """
        name, options = split(target, ("signal", "unit", *_TELLS_APART, "channel"))
        named = options.get("signal")
        return cls(
            name=name,
            kind=options.get("type", ""),
            source_id=options.get("source_id", ""),
            host=options.get("host", ""),
            channel=options.get("channel", ""),
            signal=signal_named(named) if named else None,
            unit=options.get("unit", ""),
            wait_s=wait_s,
            seed=seed,
        )


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
        what=f"the LSL stream {_place(settings)!r}",
        hint=_HINT,
        wait_s=settings.wait_s,
        seed=settings.seed,
    )
    link = SourceLink(settings.name or _place(settings), wanted, clock)
    # It looks around on a thread of the library, so asking it never blocks.
    around = pylsl.ContinuousResolver(pred=_predicate(settings), forget_after=_FORGET_S)
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
        link.device = _identity(info)
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
    while not (found := [i for i in around.results() if link.device in ("", _identity(i))]):
        if link.clock() >= give_up_s:
            raise SourceLost("The stream is not in sight. Is its sender running? Trying again.")
        await asyncio.sleep(_PULL_EVERY_S)
    if not link.device:
        await asyncio.sleep(_SETTLE_S)
        found = around.results() or found
    found = [info for info in found if info.name() == settings.name] or found
    if len({_identity(info) for info in found}) > 1:
        raise _ambiguous(settings, found)
    # One that was closed is remembered for a while beside the one that took its place.
    return max(found, key=lambda info: float(info.created_at()))


def _place(settings: LslSettings) -> str:
    """Return what follows "lsl:" to find the stream, without what it is."""
    told = zip(_TELLS_APART, (settings.kind, settings.source_id, settings.host), strict=True)
    options = "&".join(f"{key}={value}" for key, value in told if value)
    return f"{settings.name}?{options}" if options else settings.name


def _predicate(settings: LslSettings) -> str:
    rules = {"type": settings.kind, "source_id": settings.source_id, "hostname": settings.host}
    told = [f"{key}='{value}'" for key, value in rules.items() if value]
    if settings.name:
        told.insert(0, f"(name='{settings.name}' or type='{settings.name}')")
    return " and ".join(told)


def _identity(info: StreamInfo) -> str:
    """Return what a stream keeps when its program is started again."""
    return "\n".join((info.name(), info.type(), info.source_id(), info.hostname()))


def _ambiguous(settings: LslSettings, found: list[StreamInfo]) -> SensorNotFound:
    """Return the refusal of several streams that could be meant, with a way to each of them."""
    rows = {(info.name(), info.type(), info.source_id(), info.hostname()) for info in found}
    names, kinds, ids, hosts = map(set, zip(*rows, strict=True))
    ways = []
    for name, kind, source_id, host in sorted(rows):
        way = [f"{key}={value}" for key, value, among in (
            ("type", kind, kinds), ("source_id", source_id, ids), ("host", host, hosts)
        ) if len(among) > 1 and value]  # fmt: skip
        ways.append(f"'lsl:{name}{'?' if way else ''}{'&'.join(way)}'")
    what = settings.name or _place(settings)
    return SensorNotFound(
        f"several LSL streams can be meant by {what!r}: {', '.join(sorted(names))}",
        hint=f"Give one of {', '.join(ways)}.",
    )


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
        self._columns = _columns(settings, info)

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
                rate_hz=self._rate_hz, hole_s=_HOLE_S, rate_bpm=link.rate_bpm,
            )  # fmt: skip
        return feeds[signal]


def _columns(settings: LslSettings, info: StreamInfo) -> list[tuple[LabelMeaning, list[int]]]:
    """Return each signal with its columns; only acceleration has more than one."""
    from pylsl import cf_string

    if info.channel_format() == cf_string:
        raise SettingsError(
            f"the LSL stream {info.name()!r} carries text, no numbers", hint="Choose another one."
        )
    count = info.channel_count()
    labels, units = (
        [text or "" for _, text in zip_longest(range(count), (texts or [])[:count])]
        for texts in (info.get_channel_labels(), info.get_channel_units())
    )
    known = [meaning_of(*told) for told in zip(labels, [""] * count, units, strict=True)]
    if settings.channel:
        columns = [_numbered(settings, info, labels)]
    elif settings.signal is Signal.ACC or count == 1:
        columns = list(range(count))
    elif settings.signal:
        columns = [i for i, one in enumerate(known) if one and one.signal is settings.signal]
    else:
        alike = set(labels) == {""} and meaning_of("", info.type()) in (LabelMeaning(Signal.ACC),)
        columns = list(range(count)) if alike else [i for i, one in enumerate(known) if one]
    if settings.signal:
        meaning = meaning_of(settings.signal.value, unit=settings.unit)
        assert meaning is not None
        found = [(meaning, columns)] if columns else []
    else:
        by_kind = len(columns) == 1 or not any(labels)
        told = [known[i] or (_by_stream(info, units[i]) if by_kind else None) for i in columns]
        found = [(meaning, [columns[i] for i in its]) for meaning, its in columns_of(told)]
        doubled = len([one for one in told if one and one.signal is not Signal.ACC])
        if doubled > len([one for one, _ in found if one.signal is not Signal.ACC]):
            raise _which_channel(settings, info, labels)
    if not found or (len(columns) > 1 and settings.signal not in (None, Signal.ACC)):
        raise _which_channel(settings, info, labels)
    return found


def _by_stream(info: StreamInfo, unit: str) -> LabelMeaning | None:
    """Return what the only channel is by the stream's type, or else by its name."""
    return meaning_of("", info.type(), unit) or meaning_of(info.name(), unit=unit)


def _numbered(settings: LslSettings, info: StreamInfo, labels: list[str]) -> int:
    """Return which channel is asked for, by its label or its number."""
    text = settings.channel
    same = [i for i, label in enumerate(labels) if label.casefold() == text.casefold()]
    if len(same) == 1:
        return same[0]
    if text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= len(labels):
        return int(text) - 1
    raise _which_channel(settings, info, labels)


def _which_channel(settings: LslSettings, info: StreamInfo, labels: list[str]) -> SettingsError:
    """Return the refusal of a stream of which it is not clear which channel counts."""
    listed = ", ".join(f"{i} {label or 'without a label'}" for i, label in enumerate(labels, 1))
    mark = "&" if "?" in _place(settings) else "?"
    what = settings.signal or "eda"
    channel = "channel=1&" if len(labels) > 1 else ""
    return SettingsError(
        f"of the LSL stream {info.name()!r} ({info.type()}) it is not clear what counts; its "
        f"channels are {listed}",
        hint=f"Say what counts: "
        f"'lsl:{_place(settings)}{mark}{channel}signal={what}', with &unit= where it is another.",
    )
