"""Values that other programs send as OSC messages over UDP."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from sensors.base import Clock, Sample, SampleStream
from sensors.checks.doubt import Doubt
from sensors.errors import PacketError, SensorUnavailable, SettingsError
from sensors.labels import LabelMeaning
from sensors.network.beat_feeds import feed_for
from sensors.network.feeds import Feed
from sensors.network.link import SourceLink, SourceLost, SourceQuery
from sensors.network.options import check_wait, place_of, signal_named, split
from sensors.network.osc_packet import Argument, Message, decode
from sensors.signals import Signal

__all__ = ["USUAL", "OscAddress", "OscSettings", "stream"]

_SILENCE_S = 5.0
_INBOX = 4096  #: datagrams; when full, the oldest is lost and counted
#: Arrival over a radio network jitters by this much without anything being lost.
_HOLE_S = 1.0
_MOST_ARGUMENTS = 64
_NAMED = 8  #: addresses that a message to the user lists
_HINT = "Start the sender, and let it send to this computer and this port."


@dataclass(frozen=True, slots=True)
class OscAddress:
    """The OSC address of a signal; `rate_hz` where its values are evenly spaced.

    `argument` is which value of a message counts, from 1 on; None where all of them do.
    """

    path: str  #: begins with a slash
    rate_hz: float | None = None
    argument: int | None = None


#: Where nothing is mapped: the addresses of EmotiBit's Oscilloscope, by its oscOutputSettings.xml
#: (github.com/EmotiBit/ofxEmotiBit; "/EmotiBit/0/..." since version 1.2, without the 0 before),
#: EDA in uS at 15 Hz, BI in ms; and plain ones, for programs of one's own.
USUAL: dict[str, tuple[Signal, float | None]] = {
    **{
        f"/EmotiBit/{device}{name}": (signal, rate_hz)
        for device in ("", "0/")
        for name, signal, rate_hz in (
            ("EDA", Signal.EDA, 15.0),
            ("HR", Signal.HR, None),
            ("BI", Signal.RR, None),
        )
    },
    **{f"/{signal.value}": (signal, None) for signal in (Signal.EDA, Signal.HR, Signal.RR)},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OscSettings:
    """Where to listen, and which address brings which signal; without any the usual ones.

    `wait_s` is how long the first value may take.
    """

    port: int  #: UDP
    host: str = "127.0.0.1"  #: address to listen at; this computer alone unless another is given
    #: empty for the usual ones
    addresses: Mapping[Signal, OscAddress] = field(default_factory=dict)
    wait_s: float = 30.0
    seed: int = 1  #: of the pauses between attempts

    def __post_init__(self) -> None:
        check_wait(self.wait_s)
        for signal, address in self.addresses.items():
            rate = address.rate_hz
            if not address.path.startswith("/"):
                raise SettingsError(
                    f"{address.path!r} is no OSC address", hint=f"Give one: {signal}=/address"
                )
            if address.argument is not None and not 1 <= address.argument <= _MOST_ARGUMENTS:
                raise SettingsError(
                    f"no message has a value number {address.argument}",
                    hint=f"Count from 1 on, as in {signal}={address.path}#2.",
                )
            if rate is not None and (signal is Signal.RR or not 0.0 < rate <= 10_000.0):
                raise SettingsError(
                    f"a rate of {rate:g} Hz for {signal}",
                    hint="Give samples per second, not for rr.",
                )

    @classmethod
    def parse(cls, target: str, *, wait_s: float = 30.0, seed: int = 1) -> Self:
        """Build settings from ``[HOST:]PORT?eda=/address@RATE&hr=/address#2``.

        Parameters
        ----------
        target
            What follows "osc:" in a URI.
        wait_s
            How long the first value may take, 1 to 3600 s.
        seed
            Of the pauses between attempts.

        Returns
        -------
        Self
            The usual addresses where none is named.

        Raises
        ------
        SettingsError
            For an unknown option, or a place, address or rate that makes no sense.
        """
        place, options = split(target, [signal.value for signal in Signal])
        host, port = place_of(place, "127.0.0.1", "osc:9000")
        addresses = {signal_named(name): _address(text) for name, text in options.items()}
        return cls(host=host, port=port, addresses=addresses, wait_s=wait_s, seed=seed)


def _address(text: str) -> OscAddress:
    text, _, rate = text.partition("@")
    path, _, argument = text.partition("#")
    if argument and not (argument.isascii() and argument.isdigit() and len(argument) < 4):
        raise SettingsError(
            f"{argument!r} is no number of a value", hint="Count from 1 on, as in eda=/address#2."
        )
    try:
        return OscAddress(path, float(rate) if rate else None, int(argument) if argument else None)
    except ValueError:
        raise SettingsError(
            f"{rate!r} is not a rate", hint="Give it in Hz, as in eda=/address@15."
        ) from None


async def stream(settings: OscSettings, clock: Clock) -> SampleStream:
    """Yield the signals that arrive, gaps and statuses for ever.

    A sample stands at the time of its arrival.

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
        When the port cannot be opened.
    SensorNotFound
        Before the first value only.
    """
    place = f"{settings.host}:{settings.port}"
    wanted = SourceQuery(
        what=f"OSC at {place}", hint=_HINT, wait_s=settings.wait_s, seed=settings.seed
    )
    link = SourceLink(f"osc:{settings.port}", wanted, clock)
    inbox = _Inbox(clock, link)
    try:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: inbox, local_addr=(settings.host, settings.port)
        )
    except (OSError, UnicodeError) as error:
        raise SensorUnavailable(
            f"nothing can be received at {place}: {error}",
            hint="Another program may listen there: close it, or choose another port.",
        ) from error
    try:
        for status in link.say("searching"):
            yield status
        reader = _Reader(settings, link)
        while True:
            try:
                arrived = await inbox.next(link.patience_s(_SILENCE_S))
                samples = reader.take(arrived)
            except SourceLost as loss:
                samples = link.lost(loss)
            for sample in samples:
                for one in link.passed(sample):
                    yield one
            for status in link.say_bad():
                yield status
    finally:
        transport.close()


class _Inbox(asyncio.DatagramProtocol):
    """Datagrams in order of arrival, each with its time."""

    def __init__(self, clock: Clock, link: SourceLink) -> None:
        self._clock, self._link = clock, link
        self._arrived: deque[tuple[float, bytes]] = deque(maxlen=_INBOX)
        self._some = asyncio.Event()
        self.useful_s = clock()

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Stamp a datagram."""
        if len(self._arrived) == _INBOX:
            self._link.count_bad("too much at once", "messages that nobody took yet")
        self._arrived.append((self._clock(), data))
        self._some.set()

    async def next(self, silence_s: float) -> list[tuple[float, bytes]]:
        """Return what has arrived; raise `SourceLost` after that much silence."""
        try:
            async with asyncio.timeout(silence_s):
                await self._some.wait()
        except TimeoutError:
            raise SourceLost("No messages come. Is the sender running?", "stall") from None
        self._some.clear()
        arrived = list(self._arrived)
        self._arrived.clear()
        return arrived


class _Reader:
    """Turns datagrams into samples; holds no socket."""

    def __init__(self, settings: OscSettings, link: SourceLink) -> None:
        self._link = link
        usual = [(s, OscAddress(path, rate_hz)) for path, (s, rate_hz) in USUAL.items()]
        wanted = [*settings.addresses.items()] or usual
        self._signals: dict[str, list[tuple[Signal, OscAddress]]] = {}
        for signal, address in wanted:
            self._signals.setdefault(address.path, []).append((signal, address))
        self._others: dict[str, None] = {}
        self._heard_s = link.clock()

    def take(self, arrived: list[tuple[float, bytes]]) -> list[Sample]:
        """Return the samples of some datagrams; `SourceLost` when none was of use for long."""
        samples: list[Sample] = []
        for time_s, data in arrived:
            for path, arguments in self._messages(data):
                if path not in self._signals and len(self._others) < _NAMED:
                    self._others[path] = None
                for signal, address in self._signals.get(path, ()):
                    measured = self._measured(time_s, signal, address, arguments)
                    if measured or self._link.has_worked:
                        self._heard_s = time_s
                    samples += measured
        if self._link.clock() - self._heard_s > self._link.patience_s(_SILENCE_S):
            self._heard_s = self._link.clock()
            came = f" What comes is {', '.join(self._others)}." if self._others else ""
            raise SourceLost(
                f"Messages come, but none of the addresses that are mapped.{came}", "stall"
            )
        return samples

    def _messages(self, data: bytes) -> list[Message]:
        try:
            return decode(data)
        except PacketError as error:
            self._link.count_bad(error.kind, str(error))
            return []

    def _measured(
        self,
        time_s: float,
        signal: Signal,
        address: OscAddress,
        arguments: list[Argument | None],
    ) -> list[Sample]:
        rate_hz = address.rate_hz
        if address.argument is not None:
            arguments = arguments[address.argument - 1 : address.argument]
        numbers = [float(a) if isinstance(a, int | float) else math.nan for a in arguments]
        if not numbers:
            self._link.count_bad("wrong length", "a message without a value")
            return []
        if len(numbers) > 1 and rate_hz is None and signal is not Signal.ACC:
            shown = ", ".join(f"{number:g}" for number in numbers[:_NAMED])
            self._link.remarks[signal] = Doubt(
                f"A message at {address.path} has {len(numbers)} values ({shown}): say which one "
                f"is {signal}, as in {signal}={address.path}#2, or how many come a second, as in "
                f"{signal}={address.path}@15.",
                0.0,
            )
            self._link.count_bad("contradictory", f"several values at {address.path}")
            return []
        meaning = LabelMeaning(signal, None if signal is Signal.RR else 1.0)
        if signal is Signal.ACC:  # the axes of one sample
            rows = np.array([numbers])
        else:
            rows = np.array(numbers).reshape(-1, 1)
        # The values of one message were measured one after another, the last one just now.
        before = np.arange(len(rows))[::-1]
        times_s = time_s - before / rate_hz if rate_hz else np.full(len(rows), time_s)
        feed = self._feed(signal, rate_hz)
        return [*feed.add(time_s, times_s, meaning.in_our_unit(rows))]

    def _feed(self, signal: Signal, rate_hz: float | None) -> Feed:
        feeds, link = self._link.feeds, self._link
        if signal not in feeds:
            feeds[signal] = feed_for(
                signal, link.source, link.count_bad,
                rate_hz=rate_hz, hole_s=_HOLE_S, beside=feeds,
            )  # fmt: skip
        return feeds[signal]
