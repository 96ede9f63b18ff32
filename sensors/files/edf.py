"""EDF and EDF+ recordings: signals by label and unit, annotations as markers.

After the specifications (Kemp et al. 1992; Kemp and Olivan 2003, edfplus.info): a text header,
then records of 16-bit samples; in EDF+ a channel of annotations tells when each record began.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from sensors.errors import RecordingError
from sensors.files.channels import Channel, ChannelOffer, none_known
from sensors.files.choosing import choose, misfit
from sensors.files.edf_records import RecordGrid, starts_of
from sensors.files.notes import understood
from sensors.files.recording import Recording, assemble, name_of
from sensors.files.series import PackedSeries, Scale, Series
from sensors.labels import LabelMeaning, signal_of
from sensors.signals import FloatArray, Signal
from sensors.units import split_unit

__all__ = ["is_edf", "read_edf"]

_FIXED_BYTES = 256
_ANNOTATIONS = "EDF Annotations"
#: The fields of a channel in the header, in order, and their bytes.
_FIELDS = {
    "label": 16, "transducer": 80, "unit": 8, "physical_min": 8, "physical_max": 8,
    "digital_min": 8, "digital_max": 8, "prefilter": 80, "samples": 8, "reserved": 32,
}  # fmt: skip
_MOST_CHANNELS = 1024
_BLOCK_BYTES = 1 << 22  #: of records that are read together
_FEW = 100_000  #: samples that tell whether a unit fits
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_LONG_DATE = re.compile(rf"(\d\d)-({'|'.join(_MONTHS)})-(\d{{4}})")
_ANONYMOUS = datetime(1985, 1, 1)  #: what a file says that does not tell when it was recorded

Digital = NDArray[np.int16]


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


def read_edf(path: Path, file: BinaryIO, columns: Mapping[str, str] | None = None) -> Recording:
    """Read one channel of each signal that is known, or those that are named.

    The start is in the recorder's own time, as EDF has it.

    Parameters
    ----------
    path
        For its name.
    file
        The whole file, at its start; of its samples only those of the channels that are taken are
        kept.
    columns
        From a signal to a channel, perhaps with its unit in brackets; None where labels tell.

    Returns
    -------
    Recording
        A cut file as far as it goes, with a warning.

    Raises
    ------
    RecordingError
        When the header makes no sense, no signal is known, or a channel that is named is not there.
    SettingsError
        When the map names a signal that there is none of.
    """
    name = path.name
    data = file.read(_FIXED_BYTES * (1 + _MOST_CHANNELS))
    size = file.seek(0, os.SEEK_END)
    header_bytes = _integer(data[184:192], name, "the length of its header")
    seconds = _number(data[244:252], name, "the length of a record")
    channels = _channels(data, name)
    record_bytes = 2 * sum(channel.samples for channel in channels)
    if header_bytes != (wanted := _FIXED_BYTES * (1 + len(channels))):
        raise _damaged(
            name,
            f"its header says that it has {header_bytes} bytes, and with {len(channels)} signals "
            f"it has {wanted}",
        )
    if header_bytes > size or record_bytes <= 0 or not 0.0 <= seconds <= 86_400.0:
        raise _damaged(name, "its header makes no sense")
    told = _integer(data[236:244], name, "the number of its records")
    whole = (size - header_bytes) // record_bytes
    count = whole if told < 0 else min(told, whole)
    warnings = [f"{name} was cut: {whole} of {told} records are read"] if told > whole else []
    if 0 <= told < whole:
        warnings.append(
            f"{name} holds {whole} records, but its header says {told}: only those are read"
        )
    signals = [channel for channel in channels if channel.label != _ANNOTATIONS]
    noted = [channel for channel in channels if channel.label == _ANNOTATIONS]
    offers = [_offer(channel, seconds) for channel in signals]
    choice = choose(offers, columns, name)
    if not choice.taken and not noted:
        raise none_known(choice, name)
    taken = [signals[place] for chosen in choice.taken.values() for place, _ in chosen]
    file.seek(header_bytes)
    digital = _read_records(file, record_bytes, count, [*taken, *noted])
    starts_s, notes = _annotations([digital[channel.first] for channel in noted], count, seconds)
    starts_s, doubt = starts_of(
        starts_s, seconds, name, broken=_words(data[192:236]).startswith("EDF+D")
    )
    warnings += [doubt] if doubt else []
    begin_s = float(starts_s[0]) if count else 0.0
    about = _words(data[88:168]).split()
    found = understood(
        [(onset_s - begin_s, lasts_s, x) for onset_s, lasts_s, x in notes if onset_s >= begin_s],
        name_of(path),
        ours=about[4:5] == ["biofeedback"],
    )
    grid = RecordGrid(starts_s - begin_s, seconds)
    series: list[Series] = []
    for signal, chosen in choice.taken.items():
        packed = _packed(signal, [(signals[place], how) for place, how in chosen], digital)
        offer = offers[chosen[0][0]]
        if wrong := misfit(signal, offer, columns, packed.thinned(_FEW)):
            choice.leave_out(signal, wrong)
        elif len(packed):
            labels = [signals[place].label for place, _ in chosen]
            series.append(grid.placed(replace(packed, source=name_of(path)), labels, found.bad))
    known = {one.signal for one in series}
    series += [chunk for chunk in found.series if chunk.signal not in known]
    if not series and not taken:
        raise none_known(choice, name)
    return assemble(
        path,
        "EDF+" if noted else "EDF",
        series,
        [gap for gap in found.gaps if gap.signal in {one.signal for one in series}],
        started=_started(_words(data[168:176]), _words(data[176:184]), about, begin_s),
        markers=found.markers,
        warnings=[*warnings, *choice.warnings],
        channels=[
            *choice.channels,
            *(Channel(channel.label, "marker", taken=True) for channel in noted),
        ],
    )


def _offer(channel: _Channel, seconds: float) -> ChannelOffer:
    name, written = split_unit(channel.label)
    why_not = ""
    if not channel.samples or not seconds:
        why_not = "it holds no samples"
    elif not abs(channel.gain) > 0.0:
        why_not = "its header gives it no range of values"
    elif signal_of(channel.label) is Signal.RR:
        why_not = "intervals that are drawn out evenly are no single beats: take the wave itself"
    return ChannelOffer(
        channel.label, unit=channel.unit or written, why_not=why_not, name=name,
        group=channel.samples,
    )  # fmt: skip


def _read_records(
    file: BinaryIO, record_bytes: int, count: int, channels: Sequence[_Channel]
) -> dict[int, Digital]:
    """Return the samples of some channels, (records, samples of a record), by their place."""
    found = {c.first: np.empty((count, c.samples), dtype=np.int16) for c in channels}
    at_once = max(1, _BLOCK_BYTES // record_bytes)
    for first in range(0, count, at_once):
        several = min(at_once, count - first)
        block = file.read(several * record_bytes)
        records = np.frombuffer(block, dtype="<i2").reshape(several, record_bytes // 2)
        for channel in channels:
            found[channel.first][first : first + several] = records[
                :, channel.first : channel.first + channel.samples
            ]
    return found


def _packed(
    signal: Signal, columns: Sequence[tuple[_Channel, LabelMeaning]], digital: dict[int, Digital]
) -> PackedSeries:
    """Return a signal as if its records followed one another without a break."""
    raw = [digital[channel.first].reshape(-1, 1) for channel, _ in columns]
    zeros = signal is Signal.HR  # where a device lost the heart, it writes 0
    return PackedSeries(
        signal, "", 0.0, float(columns[0][0].samples),
        raw[0] if len(raw) == 1 else np.column_stack(raw),
        tuple(Scale(c.gain, c.offset, meaning, positive=zeros) for c, meaning in columns),
    )  # fmt: skip


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
    noted: Sequence[Digital], count: int, seconds: float
) -> tuple[FloatArray, list[tuple[float, float, str]]]:
    """Return when each record began, NaN where it does not tell, and the annotations.

    Those are (onset_s, duration_s, text).
    """
    starts_s = np.full(count, np.nan)
    notes: list[tuple[float, float, str]] = []
    for place, records in enumerate(noted):
        for i, record in enumerate(records):
            for number, (onset_s, lasts_s, texts) in enumerate(_lists(record.tobytes())):
                if place == 0 and number == 0 and texts and not texts[0]:  # keeps the record's time
                    starts_s[i] = onset_s
                notes += [(onset_s, lasts_s, text) for text in texts if text]
    return starts_s, notes


def _lists(raw: bytes) -> list[tuple[float, float, list[str]]]:
    """Return the time-stamped annotation lists of one record; what is damaged is left out."""
    lists = []
    for part in filter(None, raw.rstrip(b"\x00").split(b"\x00")):
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
