"""Text files of OpenSignals, by a BITalino or a biosignalsplux: raw counts, turned into units.

After PLUX's sample files (github.com/BITalinoWorld/revolution-sample-data): "#" lines with one JSON
object of all devices, "EndOfHeader", then a row a sample, cut by tabs. What a count is worth stands
in the sensors' data sheets, and for biosignalsplux in the description of the data set WESAD
(Schmidt et al. 2018), which was recorded with one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from sensors.errors import RecordingError
from sensors.files.recording import Recording
from sensors.files.sampled import SampledChannel, recording_of
from sensors.files.text import parse_rows
from sensors.labels import signal_named
from sensors.signals import UNITS, FloatArray, Signal
from sensors.units import split_unit

__all__ = ["is_opensignals", "read_opensignals"]

_FIRST = "# OpenSignals Text File Format"
_LAST = "EndOfHeader"
_COUNTER = "nSeq"
_LEAST_WRAP = 16  #: the counter of a BITalino has 4 bits, others more
_MOST_LOST = 20  #: times as long as what is there; beyond, the counter counts something else. Ours
_SENSORS: dict[str, Signal] = {
    **dict.fromkeys(("ECG", "ECGBIT"), Signal.ECG),
    **dict.fromkeys(("EDA", "EDABIT"), Signal.EDA),
    **dict.fromkeys(("TEMP", "TMP", "NTC", "TEMPBIT", "NTCBIT"), Signal.TEMP),
    **dict.fromkeys(("RESP", "RESPIRATION", "PZT", "RIP", "RESPBIT", "PZTBIT"), Signal.RESP),
    **dict.fromkeys(("BVP", "PPG", "PULSE", "PULSESENSOR", "PPGBIT"), Signal.PPG),
    **dict.fromkeys(("XYZ", "ACC", "ACCBIT"), Signal.ACC),
}
#: From a share of the full scale, 0 to 1, to our unit. An NTC is told from a TMP by its name.
_WORTH: dict[str, dict[str, Callable[[FloatArray], FloatArray]]] = {
    "bitalino_rev": {
        "ecg": lambda share: (share - 0.5) * 3.3 / 1100 * 1000,
        "eda": lambda share: share * 3.3 / 0.132,
        "temp": lambda share: (share * 3.3 - 0.5) * 100,
    },
    "bitalino": {
        "ecg": lambda share: (share - 0.5) * 3.3 / 1100 * 1000,
        "eda": lambda share: 1 / (1 - np.minimum(share, 0.9999)),
    },
    "biosignalsplux": {
        "ecg": lambda share: (share - 0.5) * 3.0,
        "eda": lambda share: share * 3.0 / 0.12,
        "temp": lambda share: _ntc_degrees(share),
    },
}


@dataclass(frozen=True, slots=True)
class _Device:
    """What the header says of one device, and where its columns begin."""

    name: str
    told: Mapping[str, Any]
    first: int  #: its first column

    @property
    def columns(self) -> list[str]:
        return [str(column) for column in self.told.get("column", [])]

    @property
    def kind(self) -> str:
        kind = str(self.told.get("device", "")).lower()
        return "biosignalsplux" if kind.startswith("biosignalsplux") else kind


def is_opensignals(text: str) -> bool:
    """Return whether a text is one of OpenSignals.

    Parameters
    ----------
    text
        Of the file.

    Returns
    -------
    bool
        By its first line.
    """
    return text.startswith(_FIRST)


def read_opensignals(path: Path, text: str, columns: Mapping[str, str] | None = None) -> Recording:
    """Read the channels whose sensor the header tells, or those that are named.

    Parameters
    ----------
    path
        For its name.
    text
        Of the file.
    columns
        From a signal to a channel, as in ``{"eda": "A3"}``; None where the header tells.

    Returns
    -------
    Recording
        In our units; samples that the counter shows to be lost are missing.

    Raises
    ------
    RecordingError
        When the header cannot be read, or no channel's sensor is known.
    """
    lines = text.split("\n")
    end = next((i for i, line in enumerate(lines[:100]) if _LAST in line), None)
    if end is None:
        raise _damaged(path.name, "its header has no end")
    devices = _devices(lines[:end], path.name)
    width = devices[-1].first + len(devices[-1].columns)
    rows, warnings = parse_rows(
        lines[end + 1 :], name=path.name, first_line=end + 2, delimiter=None, width=width,
        picked=range(width),
    )  # fmt: skip
    if not len(rows):
        raise _damaged(path.name, "it holds no samples")
    wishes = {
        split_unit(label)[0]: (signal, split_unit(label)[1])
        for signal, label in (columns or {}).items()
    }
    channels: list[SampledChannel] = []
    for device in devices:
        slots, lost = _slots(rows, device)
        if lost:
            warnings.append(f"{lost} samples of {device.name} were lost, as its counter shows")
        channels += _channels(device, rows, slots, wishes, several=len(devices) > 1)
    return recording_of(
        path,
        "OpenSignals text",
        channels,
        columns,
        started=_started(devices[0].told),
        warnings=warnings,
    )


def _devices(header: list[str], name: str) -> list[_Device]:
    found = next((line for line in header if line.lstrip("# ").startswith("{")), "")
    try:
        told = json.loads(found.lstrip("# "))
    except (ValueError, RecursionError):
        raise _damaged(name, "its header is no JSON") from None
    devices: list[_Device] = []
    first = 0
    for key, one in told.items():
        if not isinstance(one, dict) or not isinstance(one.get("column"), list):
            raise _damaged(name, "its header does not name the columns")
        devices.append(_Device(str(one.get("device name", key)), one, first))
        first += len(one["column"])
    if not first:
        raise _damaged(name, "its header does not name the columns")
    return devices


def _channels(
    device: _Device,
    rows: FloatArray,
    slots: np.ndarray[tuple[int], np.dtype[np.int64]],
    wishes: Mapping[str, tuple[str, str]],
    *,
    several: bool,
) -> list[SampledChannel]:
    labels = [str(label) for label in _list(device.told, "label")]
    sensors = [str(sensor).upper() for sensor in _list(device.told, "sensor")]
    rate_hz = _number(device.told.get("sampling rate"))
    found = []
    for number, label in enumerate(labels):
        place = _place(device, label, number, len(labels))
        if place is None:
            continue
        own = f"{device.name}: {label}" if several else label
        sensor = sensors[number] if number < len(sensors) else ""
        wished, unit = wishes.get(own) or wishes.get(label) or ("", "")
        signal = str(wished or _SENSORS.get(sensor, ""))
        values = rows[:, device.first + place]
        # A user who tells the unit tells that of what stands in the file.
        why, worth = ("", None) if unit else _worth(device, place, number, sensor, signal, values)
        named = signal_named(split_unit(label)[0])
        if not wished and signal and named and named != signal:
            why = f"its label says {named}, and the header that its sensor is {sensor}"
        found.append(
            SampledChannel(
                own,
                UNITS[Signal(signal)] if worth else "",  # the label's unit is applied no more
                rate_hz,
                _loading(values, slots, worth or _same),
                signal,
                why,
            )
        )
    return found


def _loading(
    values: FloatArray,
    slots: np.ndarray[tuple[int], np.dtype[np.int64]],
    worth: Callable[[FloatArray], FloatArray],
) -> Callable[[], FloatArray]:
    def load() -> FloatArray:
        grid = np.full(int(slots[-1]) + 1, np.nan)
        grid[slots] = worth(values)
        return grid

    return load


def _same(numbers: FloatArray) -> FloatArray:
    return numbers


def _place(device: _Device, label: str, number: int, count: int) -> int | None:
    """Return the column of a channel; where it is renamed, the last ones are the channels'."""
    if label in device.columns:
        return device.columns.index(label)
    place = len(device.columns) - count + number
    return place if place >= 0 else None


def _worth(
    device: _Device, place: int, number: int, sensor: str, signal: str, values: FloatArray
) -> tuple[str, Callable[[FloatArray], FloatArray] | None]:
    """Return why a channel cannot be taken, and how its counts become our unit; None for units."""
    known = values[np.isfinite(values)]
    if not signal:
        return f"the header says of its sensor {sensor or 'nothing'!r}, which tells no signal", None
    if signal in ("ppg", "resp") or (known != np.rint(known)).any():
        return "", None  # in any unit, or converted by OpenSignals
    bits = _bits(device, place, number)
    worth = _WORTH.get(device.kind, {}).get(signal)
    if signal == "temp" and "NTC" in sensor:
        worth = _ntc_degrees
    if worth is None or bits is None:
        lacking = "its resolution" if worth else f"what a count of {device.kind or 'it'} is worth"
        return f"it holds raw counts, and {lacking} is not known: export it in units", None
    return "", lambda counts: worth(counts / 2.0**bits)


def _bits(device: _Device, place: int, number: int) -> int | None:
    told = _list(device.told, "resolution")
    index = place if len(told) == len(device.columns) else number
    bits = _number(told[index]) if index < len(told) else 0.0
    return int(bits) if 1 < bits <= 32 else None


def _slots(
    rows: FloatArray, device: _Device
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], int]:
    """Return the place of each sample among those that were sent, and how many were lost."""
    even = np.arange(len(rows))
    if _COUNTER not in device.columns:
        return even, 0
    counter = rows[:, device.first + device.columns.index(_COUNTER)]
    most = float(counter.max())
    if not 0.0 <= most < 2.0**53:
        return even, 0
    steps = np.diff(counter)
    if (round_ := steps < 0.0).any():
        steps %= max(_LEAST_WRAP, 1 << int(most).bit_length())
        if round_.sum() > 2 and len(np.unique(steps[round_])) == 1:
            steps[round_] = 1.0  # the same each time: it goes round there
    if not np.isfinite(steps).all() or (steps < 1.0).any() or (steps != np.rint(steps)).any():
        return even, 0
    slots = np.concatenate(([0], np.cumsum(steps))).astype(np.int64)
    lost = int(slots[-1]) + 1 - len(slots)
    return (slots, lost) if lost < _MOST_LOST * len(slots) else (even, 0)


def _ntc_degrees(share: FloatArray) -> FloatArray:
    """Return the temperature of PLUX's thermistor, by Steinhart and Hart, in C."""
    with np.errstate(divide="ignore", invalid="ignore"):
        log = np.log(1e4 * share / (1 - share))
        return np.asarray(
            1 / (1.12764514e-3 + 2.34282709e-4 * log + 8.77303013e-8 * log**3) - 273.15
        )


def _started(told: Mapping[str, Any]) -> datetime | None:
    text = f"{told.get('date', '')} {told.get('time', '')}"
    for pattern in ("%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d %H:%M:%S"):
        try:
            return datetime.strptime(text, pattern)
        except ValueError:
            continue
    return None


def _list(told: Mapping[str, Any], key: str) -> list[Any]:
    value = told.get(key)
    return value if isinstance(value, list) else []


def _number(value: object) -> float:
    try:
        number = float(str(value))
    except ValueError:
        return 0.0
    return number if 0.0 < number < 1e6 else 0.0


def _damaged(name: str, why: str) -> RecordingError:
    return RecordingError(
        f"{name} is no whole file of OpenSignals: {why}", hint="Copy or export it again."
    )
