"""The line protocol of the Empatica E4 streaming server, as values; no socket here.

Commands and answers: developer.empatica.com/windows-streaming-server-commands.html; data lines:
the page windows-streaming-server-data.html beside it (both 2019).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sensors.errors import PacketError
from sensors.signals import Signal

__all__ = [
    "STREAMS",
    "E4Answer",
    "E4Battery",
    "E4DeviceLost",
    "E4Sample",
    "LineSplitter",
    "Message",
    "parse",
]

#: Which subscription brings which signals, and their rate in Hz (None: one value now and then).
STREAMS: dict[str, tuple[tuple[Signal, float | None], ...]] = {
    "gsr": ((Signal.EDA, 4.0),),
    "ibi": ((Signal.RR, None), (Signal.HR, None)),
    "tmp": ((Signal.TEMP, 4.0),),
    "bvp": ((Signal.PPG, 64.0),),
    "acc": ((Signal.ACC, 32.0),),
}
#: Signal, number of values and factor to our unit by the first word of a data line.
_DATA: dict[str, tuple[Signal, int, float]] = {
    "E4_Gsr": (Signal.EDA, 1, 1.0),
    "E4_Ibi": (Signal.RR, 1, 1.0),
    "E4_Hr": (Signal.HR, 1, 1.0),
    "E4_Temp": (Signal.TEMP, 1, 1.0),
    "E4_Temperature": (Signal.TEMP, 1, 1.0),  # so named by older servers
    "E4_Bvp": (Signal.PPG, 1, 1.0),
    "E4_Acc": (Signal.ACC, 3, 1 / 64),
}
_LONGEST_LINE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class E4Sample:
    """One sample: the server's UTC seconds, and its values in our unit."""

    signal: Signal  #: what is measured
    utc_s: float  #: when, on the server's clock
    values: tuple[float, ...]  #: one, or three of acceleration


@dataclass(frozen=True, slots=True)
class E4Battery:
    """The charge of the wristband."""

    percent: int  #: 0 to 100


@dataclass(frozen=True, slots=True)
class E4Answer:
    """The server's answer to a command; `error` is empty when it was obeyed."""

    command: str  #: the command that it answers
    rest: str  #: what follows it
    error: str = ""

    def devices(self) -> list[str]:
        """Return the devices that a device_list names.

        Returns
        -------
        list[str]
            Their IDs; empty for any other answer.
        """
        return [part.split()[0] for part in self.rest.split("|")[1:] if part.split()]


@dataclass(frozen=True, slots=True)
class E4DeviceLost:
    """The server lost its wristband; its own connection to us stays open."""


Message = E4Sample | E4Battery | E4Answer | E4DeviceLost


class LineSplitter:
    """Cuts a byte stream into lines, however it was fragmented.

    A line that does not end within 4 kB is dropped.

    Attributes
    ----------
    dropped
        Lines that did not end within 4 kB.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._skipping = False
        self.dropped = 0

    def feed(self, data: bytes) -> list[str]:
        """Return the lines that `data` completes, without their ends and without empty ones.

        Parameters
        ----------
        data
            The next bytes, in pieces of any size.

        Returns
        -------
        list[str]
            Without white space at their ends.
        """
        *whole, self._rest = (self._rest + data).split(b"\n")
        if whole and self._skipping:
            whole, self._skipping = whole[1:], False
        if len(self._rest) > _LONGEST_LINE_BYTES:
            self.dropped += not self._skipping
            self._rest, self._skipping = b"", True
        lines = (line.decode("ascii", errors="replace").strip() for line in whole)
        return [line for line in lines if line]


def parse(line: str) -> Message | None:
    """Return what a line says, None for what is of no use here such as a button press.

    Parameters
    ----------
    line
        Without its end.

    Returns
    -------
    Message | None
        None for what is of no use here such as a button press.

    Raises
    ------
    PacketError
        For a line that does not follow the protocol.
    """
    word, _, rest = line.partition(" ")
    if word == "R":
        return _answer(rest)
    if word in _DATA:
        signal, count, factor = _DATA[word]
        utc_s, *values = _numbers(rest, 1 + count, line)
        return E4Sample(signal, utc_s, tuple(value * factor for value in values))
    if word == "E4_Battery":
        _, charge = _numbers(rest, 2, line)
        return E4Battery(round(100 * min(1.0, max(0.0, charge))))
    if word == "E4_Tag":
        return None
    raise PacketError(f"an unknown line {line[:40]!r}", "unknown type")


def _answer(rest: str) -> Message:
    if "connection lost to device" in rest:
        return E4DeviceLost()
    command, _, rest = rest.partition(" ")
    words = rest.split()
    # "R device_connect ERR reason", but "R device_subscribe gsr ERR reason".
    error = rest.partition("ERR")[2].strip() or "refused" if "ERR" in words[:2] else ""
    return E4Answer(command, rest, error)


def _numbers(text: str, count: int, line: str) -> list[float]:
    """Return exactly `count` finite numbers; some systems write them with a decimal comma."""
    try:
        numbers = [float(word.replace(",", ".")) for word in text.split()]
    except ValueError:
        numbers = []
    if len(numbers) != count or not all(map(math.isfinite, numbers)):
        raise PacketError(f"a damaged line {line[:40]!r}", "unreadable text")
    return numbers
