"""Recordings in the text format of a laboratory: EDA, ECG and respiration.

    biofeedback replay recording.txt

The header is one line of JSON; the transfer functions are those of the sensors' data sheets.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from sensors.errors import RecordingError
from sensors.files.recording import Recording, assemble
from sensors.signals import Chunk, FloatArray, Signal

__all__ = ["read", "recognises"]

_MARK = b"# Recording of our laboratory"
_END = "# EndOfHeader"
_SUPPLY_V = 3.3

#: Share of full scale, 0 to 1, to the unit of the signal.
_SCALES: dict[str, tuple[Signal, Callable[[FloatArray], FloatArray]]] = {
    "EDA": (Signal.EDA, lambda x: x * _SUPPLY_V / 0.132),  # uS
    "ECG": (Signal.ECG, lambda x: (x - 0.5) * _SUPPLY_V / 1100 * 1000),  # mV
    "RESP": (Signal.RESP, lambda x: (x - 0.5) * 100),  # per cent of the belt's range
    "PZT": (Signal.RESP, lambda x: (x - 0.5) * 100),
}


def recognises(path: Path, data: bytes) -> bool:
    """Tell whether this is a recording of the laboratory."""
    return data.startswith(_MARK)


def read(path: Path, data: bytes) -> Recording:
    """Return the recording; raise `RecordingError` when there is none in it."""
    head, end, body = data.decode("utf-8", "replace").partition(_END)
    if not end:
        raise RecordingError(f"{path.name} was cut within its header", hint="Export it again.")
    device = _device(path, head)
    rows = _rows(path, body, len(device["column"]))
    rate_hz, warnings = float(device["sampling rate"]), []
    series: list[Chunk] = []
    first_channel = len(device["column"]) - len(device["sensor"])
    for place, (sensor, bits) in enumerate(zip(device["sensor"], _bits(device), strict=True)):
        if sensor.upper() not in _SCALES:
            warnings.append(f"channel {place + 1} is {sensor}, which is left out")
            continue
        signal, scale = _SCALES[sensor.upper()]
        if any(chunk.signal is signal for chunk in series):
            warnings.append(f"channel {place + 1} is one more {sensor}, which is left out")
            continue
        values = scale(rows[:, first_channel + place] / (2**bits - 1))
        series.append(Chunk.regular(signal, device["name"], 0.0, rate_hz, values))
    return assemble(path, "laboratory text", series, warnings=warnings)


def _device(path: Path, head: str) -> dict[str, Any]:
    """Return what the header says of its first device."""
    try:
        table = json.loads(head.splitlines()[1].removeprefix("#"))
        name, device = next(iter(table.items()))
        known = {key: device[key] for key in ("sensor", "column", "resolution", "sampling rate")}
        sensors, columns, rate_hz = known["sensor"], known["column"], float(known["sampling rate"])
        if not (0 < rate_hz <= 10_000 and 0 < len(sensors) < len(columns)):
            raise ValueError("its numbers do not fit")
        if not all(isinstance(sensor, str) for sensor in sensors):
            raise ValueError("a sensor without a name")
        _bits(known)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, StopIteration) as error:
        raise RecordingError(
            f"the header of {path.name} cannot be read: {error!r}", hint="Export it again."
        ) from error
    return {"name": str(name), **known}


def _bits(device: dict[str, Any]) -> list[int]:
    """Return the bits of each analogue channel: the last of all that the header lists."""
    bits = [int(number) for number in device["resolution"][-len(device["sensor"]) :]]
    if len(bits) != len(device["sensor"]) or not all(4 <= number <= 24 for number in bits):
        raise ValueError("resolution does not fit the sensors")
    return bits


def _rows(path: Path, body: str, width: int) -> FloatArray:
    """Return the numbers; a last line that was cut is left out."""
    lines = [line.split() for line in body.splitlines() if line.strip()]
    while lines and len(lines[-1]) != width:
        lines.pop()
    try:
        rows = np.array(lines, dtype=np.float64).reshape(-1, width)
    except ValueError as error:
        raise RecordingError(f"{path.name} is damaged: {error}", hint="Export it again.") from error
    if not len(rows):
        raise RecordingError(f"{path.name} holds no samples", hint="Record for longer.")
    return rows
