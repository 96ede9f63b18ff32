"""An Empatica E4 wristband behind its vendor's streaming server, over TCP."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Self

import numpy as np

from sensors.base import Clock, Sample, SampleStream
from sensors.errors import PacketError, SensorNotFound, SettingsError
from sensors.network.beat_feeds import TimestampedBeatFeed
from sensors.network.e4_lines import (
    STREAMS,
    E4Answer,
    E4Battery,
    E4DeviceLost,
    E4Sample,
    LineSplitter,
    Message,
    parse,
)
from sensors.network.feeds import EventFeed, Feed, RegularFeed
from sensors.network.link import SourceLink, SourceLost, SourceQuery, persist
from sensors.network.options import check_wait, place_of, signal_named, split
from sensors.signals import Signal
from sensors.timing.device_clock import DeviceClock

__all__ = ["DEFAULT_PORT", "E4ServerSettings", "stream"]

DEFAULT_PORT = 28000
_CONNECT_S = 5.0
_ANSWER_S = 5.0
_SILENCE_S = 5.0
#: A sample may be this late against its turn on the device's clock before one is missing.
_HOLE_S = 0.2
_HINT = "Start the E4 streaming server, connect the wristband in it, and check host and port."


@dataclass(frozen=True, slots=True, kw_only=True)
class E4ServerSettings:
    """Where the server is, which of its wristbands, and which signals to ask for.

    `device` is the start of its ID, empty for the only one there. `wait_s` is how long it may
    take to appear at the start.
    """

    host: str  #: name or address
    port: int = DEFAULT_PORT  #: TCP
    device: str = ""
    #: all that it measures, unless chosen
    signals: frozenset[Signal] = frozenset(
        signal for many in STREAMS.values() for signal, _ in many
    )
    wait_s: float = 30.0
    seed: int = 1  #: of the pauses between attempts

    def __post_init__(self) -> None:
        check_wait(self.wait_s)

    @classmethod
    def parse(cls, target: str, *, wait_s: float = 30.0, seed: int = 1) -> Self:
        """Build settings from ``HOST:PORT?device=ID&signals=eda,rr``.

        Parameters
        ----------
        target
            What follows "e4:" in a URI.
        wait_s
            How long the source may take to appear at the start, 1 to 3600 s.
        seed
            Of the pauses between attempts.

        Returns
        -------
        Self
            All signals that the wristband has, where none is named.

        Raises
        ------
        SettingsError
            For an unknown option, or a signal that it does not measure.
        """
        place, options = split(target, ("device", "signals"))
        host, port = place_of(place, "127.0.0.1", f"e4:127.0.0.1:{DEFAULT_PORT}")
        known = {signal for many in STREAMS.values() for signal, _ in many}
        signals = {signal_named(name) for name in options.get("signals", "").split(",") if name}
        if not signals <= known:
            raise SettingsError(
                f"an E4 measures no {min(signals - known)}",
                hint=f"It gives {', '.join(sorted(known))}.",
            )
        return cls(
            host=host,
            port=port,
            device=options.get("device", ""),
            signals=frozenset(signals or known),
            wait_s=wait_s,
            seed=seed,
        )


async def stream(settings: E4ServerSettings, clock: Clock) -> SampleStream:
    """Yield the wristband's signals, gaps and statuses for ever.

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
    SensorNotFound
        Before the first sample only.
    """
    wanted = SourceQuery(
        what=f"the E4 at {settings.host}:{settings.port}",
        hint=_HINT,
        wait_s=settings.wait_s,
        seed=settings.seed,
    )
    link = SourceLink(f"E4 {settings.device}".strip(), wanted, clock)
    reader = _Reader(settings, link)
    async with aclosing(persist(link, partial(_once, settings, link, reader))) as samples:
        async for sample in samples:
            yield sample


async def _once(
    settings: E4ServerSettings, link: SourceLink, reader: _Reader
) -> AsyncGenerator[Sample, None]:
    """Live through one connection."""
    async with _connected(settings, link) as server:
        for status in link.trying("connecting"):
            yield status
        device = _choose(settings, link.device, await server.devices())
        await server.command(f"device_connect {device}")
        link.device = device
        for name, brought in STREAMS.items():
            if any(signal in settings.signals for signal, _ in brought):
                await server.command(f"device_subscribe {name} ON")
        with suppress(SourceLost):
            await server.command("device_subscribe bat ON")
        reader.begin()
        while True:
            for sample in reader.take(await server.messages(link.patience_s(_SILENCE_S))):
                yield sample


def _choose(settings: E4ServerSettings, known: str, devices: list[str]) -> str:
    fitting = [device for device in devices if device.startswith(known or settings.device)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise SensorNotFound(
            f"several E4 are there: {', '.join(fitting)}",
            hint=f"Name one: e4:{settings.host}:{settings.port}?device={fitting[0]}",
        )
    seen = f"; it has {', '.join(devices)}" if devices else ""
    raise SourceLost(f"The server has no such wristband: switch it on, and come closer{seen}.")


@asynccontextmanager
async def _connected(settings: E4ServerSettings, link: SourceLink) -> AsyncIterator[_Server]:
    async with asyncio.timeout(link.patience_s(_CONNECT_S)):
        reader, writer = await asyncio.open_connection(settings.host, settings.port)
    try:
        yield _Server(reader, writer, link)
    finally:
        with suppress(OSError):  # it may be gone already
            writer.write(b"device_disconnect\r\n")
        writer.close()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(1.0):
                await writer.wait_closed()


class _Server:
    """The conversation with the server."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, link: SourceLink
    ) -> None:
        self._reader, self._writer, self._link = reader, writer, link
        self._splitter = LineSplitter()
        self._ahead: list[Message] = []

    async def devices(self) -> list[str]:
        """Return the wristbands that the server is connected to."""
        return (await self.command("device_list")).devices()

    async def command(self, text: str) -> E4Answer:
        """Send a command and return its answer; raise `SourceLost` when the server refuses."""
        self._writer.write(f"{text}\r\n".encode())
        async with asyncio.timeout(self._link.patience_s(_ANSWER_S)):
            await self._writer.drain()
            while True:
                for message in await self._receive():
                    if isinstance(message, E4Answer) and message.command == text.split()[0]:
                        if message.error:
                            raise SourceLost(f"The server says: {message.error}. Trying again.")
                        return message
                    self._ahead.append(message)

    async def messages(self, silence_s: float) -> list[Message]:
        """Return what has come; raise `SourceLost` after that much silence."""
        if self._ahead:
            ahead, self._ahead = self._ahead, []
            return ahead
        try:
            async with asyncio.timeout(silence_s):
                return await self._receive()
        except TimeoutError:
            raise SourceLost("The wristband went silent. Connecting again.", "stall") from None

    async def _receive(self) -> list[Message]:
        data = await self._reader.read(1 << 16)
        if not data:
            raise SourceLost("The server closed the connection. Connecting again.")
        dropped = self._splitter.dropped
        messages = []
        for line in self._splitter.feed(data):
            try:
                message = parse(line)
            except PacketError as error:
                self._link.count_bad(error.kind, str(error))
                continue
            if message is not None:
                messages.append(message)
        if self._splitter.dropped > dropped:
            self._link.count_bad("unreadable text", "a line without an end")
        return messages


class _Reader:
    """Turns the server's messages into samples."""

    def __init__(self, settings: E4ServerSettings, link: SourceLink) -> None:
        self._settings, self._link = settings, link
        self._clock = DeviceClock()
        self._heard_s = 0.0

    def begin(self) -> None:
        """Start to count silence."""
        self._heard_s = self._link.clock()

    def take(self, messages: Iterable[Message]) -> list[Sample]:
        """Return the samples of messages that came together; `SourceLost` without any for long."""
        now_s = self._link.clock()
        samples: list[Sample] = []
        measured: dict[Signal, list[E4Sample]] = defaultdict(list)
        lost = False
        for message in messages:
            if isinstance(message, E4Sample):
                measured[message.signal].append(message)
            elif isinstance(message, E4Battery):
                samples += self._link.say_battery(message.percent)
            lost = lost or isinstance(message, E4DeviceLost)
        if measured:
            self._heard_s = now_s
            samples += self._place(now_s, measured)
        if lost:
            raise SourceLost("The server lost the wristband. Come closer; connecting again.")
        if now_s - self._heard_s > self._link.patience_s(_SILENCE_S):
            raise SourceLost("The wristband went silent. Connecting again.", "stall")
        return samples

    def _place(self, now_s: float, measured: dict[Signal, list[E4Sample]]) -> list[Sample]:
        newest_s = max(m.utc_s for many in measured.values() for m in many)
        if self._clock.feed(now_s, newest_s):
            self._restart()
        samples: list[Sample] = [*self._link.say_drift(self._clock.drift.ppm)]
        for signal, many in measured.items():
            if signal not in self._settings.signals:
                continue
            times_s = np.array([self._clock.session_s(m.utc_s) for m in many])
            values = np.array([m.values for m in many])
            if signal is Signal.RR:
                values = np.column_stack([values[:, 0], [m.utc_s for m in many]])
            samples += self._feed(signal).add(now_s, times_s, values)
        return samples

    def _feed(self, signal: Signal) -> Feed:
        feeds, link = self._link.feeds, self._link
        if signal not in feeds:
            rate_hz = next(r for many in STREAMS.values() for s, r in many if s is signal)
            if signal is Signal.RR:
                feeds[signal] = TimestampedBeatFeed(link.source, link.count_bad)
            elif rate_hz is None:
                feeds[signal] = EventFeed(signal, link.source, link.count_bad)
            else:
                feeds[signal] = RegularFeed(signal, link.source, link.count_bad, rate_hz, _HOLE_S)
        return feeds[signal]

    def _restart(self) -> None:
        """Begin anew with the server's clock, which was set."""
        for feed in self._link.feeds.values():
            feed.interrupt("clock")
            if isinstance(feed, TimestampedBeatFeed):
                feed.restart()
