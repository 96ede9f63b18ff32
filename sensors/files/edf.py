"""EDF and EDF+ recordings: signals by label and unit, annotations as markers.

After the specifications (Kemp et al. 1992; Kemp and Olivan 2003, edfplus.info): a text header,
then records of 16-bit samples; in EDF+ a channel of annotations tells when each record began.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from sensors.errors import RecordingError
from sensors.files.notes import BadStretch, understood
from sensors.files.recording import Recording, assemble, name_of, on_grid
from sensors.labels import LabelMeaning, meaning_of
from sensors.signals import Chunk, FloatArray, Signal

__all__ = ["is_edf", "read_edf"]

_FIXED_BYTES = 256
_ANNOTATIONS = "EDF Annotations"
#: The fields of a channel in the header, in order, and their bytes.
_FIELDS = {
    "label": 16, "transducer": 80, "unit": 8, "physical_min": 8, "physical_max": 8,
    "digital_min": 8, "digital_max": 8, "prefilter": 80, "samples": 8, "reserved": 32,
}  # fmt: skip
_MOST_CHANNELS = 1024
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_LONG_DATE = re.compile(rf"(\d\d)-({'|'.join(_MONTHS)})-(\d{{4}})")
_ANONYMOUS = datetime(1985, 1, 1)  #: what a file says that does not tell when it was recorded


@dataclass(frozen=True, slots=True)
class _Channel:
    """One channel: where its bytes are within a record, and how they become its unit."""

    label: str
    unit: str
    first: int
    samples: int
    gain: float
    offset: float


def is_edf(data: bytes) -> bool:
    """Return whether the bytes start as the header of an EDF file does.

    Parameters
    ----------
    data
        The file, or its first 256 bytes.

    Returns
    -------
    bool
        By the version and the text of the header.
    """
    return data.startswith(b"0       ") and len(data) >= _FIXED_BYTES and data[168:184].isascii()


def read_edf(path: Path, data: bytes) -> Recording:
    """Read every signal that is known; the start is in the recorder's own time, as EDF has it.

    Parameters
    ----------
    path
        For its name.
    data
        The whole file.

    Returns
    -------
    Recording
        A cut file as far as it goes, with a warning.

    Raises
    ------
    RecordingError
        When the header makes no sense, or no signal is known.
    """
    name = path.name
    header_bytes = _integer(data[184:192], name, "the length of its header")
    seconds = _number(data[244:252], name, "the length of a record")
    channels = _channels(data, name)
    record_bytes = 2 * sum(channel.samples for channel in channels)
    if not 0 < header_bytes <= len(data) or record_bytes <= 0 or not 0.0 <= seconds <= 86_400.0:
        raise _damaged(name, "its header makes no sense")
    told = _integer(data[236:244], name, "the number of its records")
    whole = (len(data) - header_bytes) // record_bytes
    count = whole if told < 0 else min(told, whole)
    warnings = [f"{name} was cut: {whole} of {told} records are read"] if told > whole else []
    body = data[header_bytes : header_bytes + count * record_bytes]
    records = np.frombuffer(body, dtype="<i2").reshape(count, record_bytes // 2)
    starts_s, notes = _annotations(records, channels, seconds)
    begin_s = float(starts_s[0]) if count else 0.0
    about = _words(data[88:168]).split()
    found = understood(
        [(onset_s - begin_s, lasts_s, x) for onset_s, lasts_s, x in notes if onset_s >= begin_s],
        name_of(path),
        ours=about[4:5] == ["biofeedback"],
    )
    series, more = _series(records, channels, starts_s - begin_s, seconds, name_of(path), found.bad)
    taken = {chunk.signal for chunk in series}
    series += [chunk for chunk in found.series if chunk.signal not in taken]
    return assemble(
        path,
        "EDF+" if any(c.label == _ANNOTATIONS for c in channels) else "EDF",
        series,
        [gap for gap in found.gaps if gap.signal in {chunk.signal for chunk in series}],
        started=_started(_words(data[168:176]), _words(data[176:184]), about, begin_s),
        markers=found.markers,
        warnings=[*warnings, *more],
    )


def _started(date: str, time: str, about: Sequence[str], begin_s: float) -> datetime | None:
    """Return when the first record began; None where the header says that it does not tell.

    EDF+ repeats the date with its whole year, behind "Startdate". A "UTC" at the end of that field
    is ours: the format knows no time zones.
    """
    long = about[1].upper() if about[:1] == ["Startdate"] and len(about) > 1 else ""
    try:
        day, month, year = (int(number) for number in re.findall(r"\d+", date))
        year += 1900 if year >= _ANONYMOUS.year - 1900 else 2000
        if whole := _LONG_DATE.fullmatch(long):
            day, month, year = int(whole[1]), 1 + _MONTHS.index(whole[2]), int(whole[3])
        hour, minute, second = (int(number) for number in re.findall(r"\d+", time))
        started = datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None
    if long == "X" or started == _ANONYMOUS:
        return None
    started += timedelta(seconds=begin_s)
    return started.replace(tzinfo=UTC) if about[5:] == ["UTC"] else started


def _channels(data: bytes, name: str) -> list[_Channel]:
    count = _integer(data[252:256], name, "the number of its signals")
    if not 0 < count <= _MOST_CHANNELS or len(data) < _FIXED_BYTES * (1 + count):
        raise _damaged(name, "its header was cut")
    columns: dict[str, list[bytes]] = {}
    place = _FIXED_BYTES
    for field, size in _FIELDS.items():
        columns[field] = [data[place + i * size : place + (i + 1) * size] for i in range(count)]
        place += count * size
    channels = []
    first = 0
    for i in range(count):
        numbers = [
            _number(columns[field][i], name, "the range of a signal")
            for field in ("physical_min", "physical_max", "digital_min", "digital_max")
        ]
        low, high, digital_low, digital_high = numbers
        samples = _integer(columns["samples"][i], name, "the samples of a record")
        if samples < 0:
            raise _damaged(name, "its header makes no sense")
        steps = digital_high - digital_low
        gain = (high - low) / steps if steps else math.nan
        channels.append(
            _Channel(
                label=_words(columns["label"][i]),
                unit=_words(columns["unit"][i]),
                first=first,
                samples=samples,
                gain=gain,
                offset=low - gain * digital_low,
            )
        )
        first += samples
    return channels


def _annotations(
    records: np.ndarray[tuple[int, int], np.dtype[np.int16]],
    channels: list[_Channel],
    seconds: float,
) -> tuple[FloatArray, list[tuple[float, float, str]]]:
    """Return when each record began, and the annotations as (onset_s, duration_s, text)."""
    starts_s = np.arange(len(records)) * seconds
    notes: list[tuple[float, float, str]] = []
    noted = [channel for channel in channels if channel.label == _ANNOTATIONS]
    for place, channel in enumerate(noted):
        for i, record in enumerate(records):
            raw = record[channel.first : channel.first + channel.samples].tobytes()
            for number, (onset_s, lasts_s, texts) in enumerate(_lists(raw)):
                if place == 0 and number == 0:  # the first one keeps the record's time
                    starts_s[i] = onset_s
                notes += [(onset_s, lasts_s, text) for text in texts if text]
    return np.maximum.accumulate(starts_s), notes


def _lists(raw: bytes) -> list[tuple[float, float, list[str]]]:
    """Return the time-stamped annotation lists of one record; what is damaged is left out."""
    lists = []
    for part in raw.split(b"\x00"):
        times, *texts = part.split(b"\x14")
        onset, _, duration = times.partition(b"\x15")
        try:
            onset_s, lasts_s = float(onset), float(duration or 0.0)
        except ValueError:
            continue
        if abs(onset_s) < 1e9 and 0.0 <= lasts_s < 1e9:
            words = [text.decode("utf-8", errors="replace").strip() for text in texts]
            lists.append((onset_s, lasts_s, words))
    return lists


def _series(
    records: np.ndarray[tuple[int, int], np.dtype[np.int16]],
    channels: list[_Channel],
    starts_s: FloatArray,
    seconds: float,
    source: str,
    bad: Sequence[BadStretch],
) -> tuple[list[Chunk], list[str]]:
    """Return a chunk for each signal, NaN where it is bad, and why channels were left out."""
    found: dict[Signal, list[tuple[_Channel, LabelMeaning]]] = {}
    warnings = []
    for channel in channels:
        if channel.label == _ANNOTATIONS:
            continue
        meaning = meaning_of(channel.label, unit=channel.unit)
        if meaning is None or not channel.samples or not seconds or meaning.signal is Signal.RR:
            warnings.append(f"the channel {_title(channel)} is of no known signal and left out")
        elif meaning.signal not in found:
            found[meaning.signal] = [(channel, meaning)]
        elif meaning.signal is Signal.ACC and found[Signal.ACC][0][0].samples == channel.samples:
            found[Signal.ACC].append((channel, meaning))
        else:
            warnings.append(
                f"a second {meaning.signal}, the channel {_title(channel)}, is left out"
            )
    series = []
    for signal, columns in found.items():
        samples = columns[0][0].samples
        within_s = np.arange(samples) * (seconds / samples)
        times_s = np.maximum.accumulate((starts_s[:, None] + within_s).ravel())
        values = np.column_stack([_values(records, *column) for column in columns])
        if signal is Signal.HR:
            values[values <= 0.0] = np.nan  # where a device lost the heart, it writes 0
        labels = [channel.label for channel, _ in columns]
        known = _blank(times_s, values, labels, bad, seconds / samples)
        if np.allclose(np.diff(starts_s), seconds, rtol=0.0, atol=1e-4):
            t0_s = float(times_s[known][0]) if len(times_s) else 0.0
            series.append(Chunk.regular(signal, source, t0_s, samples / seconds, values[known]))
        else:
            series.append(on_grid(signal, source, times_s[known], values[known]))
    return series, warnings


def _blank(
    times_s: FloatArray,
    values: FloatArray,
    labels: Sequence[str],
    bad: Sequence[BadStretch],
    period_s: float,
) -> slice:
    """Put NaN where a channel is marked bad; return where it is not so at its ends as well."""
    first, stop = 0, len(times_s)
    for stretch in bad:
        if stretch.label and stretch.label not in labels:
            continue
        ends_s = np.array((stretch.start_s, stretch.end_s)) - period_s / 2
        a, b = np.searchsorted(times_s, ends_s).tolist()
        values[a:b, [label == (stretch.label or label) for label in labels]] = np.nan
        first, stop = b if a == 0 else first, a if b == len(times_s) else stop
    return slice(first, max(first, stop)) if first < stop else slice(0, len(times_s))


def _values(
    records: np.ndarray[tuple[int, int], np.dtype[np.int16]],
    channel: _Channel,
    meaning: LabelMeaning,
) -> FloatArray:
    raw = records[:, channel.first : channel.first + channel.samples].ravel().astype(np.float64)
    return meaning.in_our_unit(raw * channel.gain + channel.offset)


def _title(channel: _Channel) -> str:
    return f"{channel.label!r} ({channel.unit or 'no unit'})"


def _words(field: bytes) -> str:
    return field.decode("latin-1").strip().strip("\x00")


def _number(field: bytes, name: str, what: str) -> float:
    try:
        number = float(_words(field).replace(",", "."))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise _damaged(name, f"{what} is not a number")
    return number


def _integer(field: bytes, name: str, what: str) -> int:
    return int(_number(field, name, what))


def _damaged(name: str, why: str) -> RecordingError:
    return RecordingError(f"{name} is damaged: {why}", hint="Copy or export the recording again.")
