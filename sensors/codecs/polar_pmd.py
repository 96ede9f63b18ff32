"""Polar Measurement Data: what is written to its control point, and what that answers."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Self

from sensors.errors import PacketError

__all__ = [
    "ERRORS",
    "FACTOR",
    "PmdMeasurement",
    "PmdReply",
    "PmdSetting",
    "ask_settings",
    "features",
    "start",
    "started",
    "stop",
    "stopped_by_device",
]


class PmdMeasurement(IntEnum):
    """What a sensor can send."""

    ECG = 0
    PPG = 1
    ACC = 2
    PPI = 3
    GYRO = 5
    MAG = 6


class PmdSetting(IntEnum):
    """What can be chosen for a measurement."""

    RATE_HZ = 0
    RESOLUTION_BITS = 1
    RANGE = 2
    RANGE_MILLI = 3
    CHANNELS = 4


FACTOR = 5  #: the one parameter that is a float: what compressed samples are multiplied by

_WIDTHS = {
    PmdSetting.RATE_HZ: "H",
    PmdSetting.RESOLUTION_BITS: "H",
    PmdSetting.RANGE: "H",
    PmdSetting.RANGE_MILLI: "I",
    PmdSetting.CHANNELS: "B",
}
_GET, _START, _STOP = 1, 2, 3
_FEATURES, _STOPPED, _REPLY = 0x0F, 0x01, 0xF0

#: What the control point answers, in words.
ERRORS = {
    1: "it does not know the request",
    2: "it does not know the measurement",
    3: "it does not support the measurement",
    4: "the request has a wrong length",
    5: "a parameter of the request is wrong",
    6: "the measurement runs already",
    7: "it does not support the resolution",
    8: "it does not support the rate",
    9: "it does not support the range",
    10: "its packets are too small for it",
    11: "it does not support the number of channels",
    12: "it cannot do so in its present state",
    13: "it is on its charger",
    14: "its memory is full",
}


def features(packet: bytes) -> frozenset[PmdMeasurement]:
    """Parse what reading the control point returns: the measurements that the sensor has.

    Parameters
    ----------
    packet
        The value of the control point.

    Returns
    -------
    frozenset[PmdMeasurement]
        Without those that nobody here knows.

    Raises
    ------
    PacketError
        For anything else.
    """
    if len(packet) < 2 or packet[0] != _FEATURES:
        raise PacketError(f"PMD features of {packet[:4].hex() or 'no bytes'}", "unknown type")
    return frozenset(kind for kind in PmdMeasurement if packet[1] >> kind & 1)


def ask_settings(kind: PmdMeasurement) -> bytes:
    """Return the request for the settings that a measurement can have.

    Parameters
    ----------
    kind
        What to measure.

    Returns
    -------
    bytes
        To be written to the control point.
    """
    return bytes([_GET, kind])


def start(kind: PmdMeasurement, settings: Mapping[PmdSetting, int]) -> bytes:
    """Return the request to start; raise `PacketError` where a value does not fit its field.

    Parameters
    ----------
    kind
        What to measure.
    settings
        A value for each setting that is to be chosen.

    Returns
    -------
    bytes
        To be written to the control point.

    Raises
    ------
    PacketError
        Where a value does not fit its field.
    """
    request = bytes([_START, kind])
    for setting, value in sorted(settings.items()):
        try:
            request += struct.pack(f"<BB{_WIDTHS[setting]}", setting, 1, value)
        except struct.error:
            raise PacketError(f"{setting.name} of {value}") from None
    return request


def started(request: bytes) -> tuple[PmdMeasurement, Mapping[PmdSetting, tuple[int, ...]]] | None:
    """Return what a request starts, with its settings; None for another request.

    Parameters
    ----------
    request
        As `start` makes them.

    Returns
    -------
    tuple[PmdMeasurement, Mapping[PmdSetting, tuple[int, ...]]] | None
        Each setting with its value.

    Raises
    ------
    PacketError
        For settings that cannot be.
    """
    if len(request) < 2 or request[0] != _START or request[1] not in set(PmdMeasurement):
        return None
    return PmdMeasurement(request[1]), _parameters(request[2:])[0]


def stop(kind: PmdMeasurement) -> bytes:
    """Return the request to stop.

    Parameters
    ----------
    kind
        What to measure.

    Returns
    -------
    bytes
        To be written to the control point.
    """
    return bytes([_STOP, kind])


def stopped_by_device(packet: bytes) -> frozenset[PmdMeasurement]:
    """Return the measurements that the sensor says it has stopped by itself; often none.

    Parameters
    ----------
    packet
        An indication of the control point.

    Returns
    -------
    frozenset[PmdMeasurement]
        Empty for a packet that says something else.
    """
    if len(packet) < 2 or packet[0] != _STOPPED:
        return frozenset()
    return frozenset(kind for kind in PmdMeasurement if kind in packet[1:])


@dataclass(frozen=True, slots=True)
class PmdReply:
    """An answer of the control point; `error` is 0 or one of `ERRORS`.

    `settings` are the values to choose from, `factor` is what compressed samples are to be
    multiplied by, 1 where it was not said. With `more`, the rest comes in another packet.
    """

    operation: int  #: of the request
    kind: int  #: measurement of the request
    error: int = 0
    more: bool = False
    settings: Mapping[PmdSetting, tuple[int, ...]] = field(default_factory=dict)
    factor: float = 1.0

    @classmethod
    def decode(cls, packet: bytes) -> Self:
        """Parse an indication; raise `PacketError` when it is cut or has unknown parameters.

        Parameters
        ----------
        packet
            An indication of the control point.

        Returns
        -------
        Self
            With settings only in answers to a request for them, or to start.

        Raises
        ------
        PacketError
            When it is cut or has unknown parameters.
        """
        if len(packet) < 4 or packet[0] != _REPLY:
            raise PacketError(f"a PMD reply of {packet[:4].hex() or 'no bytes'}")
        operation, kind, error = packet[1], packet[2], packet[3]
        if error or len(packet) == 4:
            return cls(operation, kind, error)
        more, rest = packet[4] != 0, packet[5:]
        if operation not in (_GET, _START):
            return cls(operation, kind, error, more)
        settings, factor = _parameters(rest)
        return cls(operation, kind, error, more, settings, factor)

    def answers(self, request: bytes) -> bool:
        """Return whether this is the reply to a request.

        Parameters
        ----------
        request
            What was written to the control point.

        Returns
        -------
        bool
            By its operation and its measurement.
        """
        return request[:2] == bytes([self.operation, self.kind])

    def __str__(self) -> str:
        return ERRORS.get(self.error, f"its error is {self.error}") if self.error else "done"


def _parameters(data: bytes) -> tuple[dict[PmdSetting, tuple[int, ...]], float]:
    settings: dict[PmdSetting, tuple[int, ...]] = {}
    factor, at = 1.0, 0
    while at + 2 <= len(data):
        kind, count = data[at], data[at + 1]
        width = "f" if kind == FACTOR else _WIDTHS.get(PmdSetting(kind)) if kind < FACTOR else None
        if width is None:
            raise PacketError(f"an unknown PMD setting {kind}", "unknown type")
        layout = f"<{count}{width}"
        at += 2
        if at + struct.calcsize(layout) > len(data):
            raise PacketError("PMD settings that were cut")
        values = struct.unpack_from(layout, data, at)
        at += struct.calcsize(layout)
        if kind != FACTOR:
            settings[PmdSetting(kind)] = values
        elif values:
            factor = values[-1]
    if not (math.isfinite(factor) and factor > 0.0):
        raise PacketError(f"a PMD factor of {factor:g}", "out of range")
    return settings, factor
