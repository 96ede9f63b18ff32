"""XDF recordings of the Lab Streaming Layer: streams by label, type and unit, text as markers."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from sensors.files.beats import from_timed
from sensors.files.channels import Channel, ChannelOffer, none_known
from sensors.files.choosing import choose, misfit
from sensors.files.extras import library, reading_by
from sensors.files.notes import gap_of
from sensors.files.recording import Recording, assemble, name_of, on_grid
from sensors.files.series import Series
from sensors.files.text import is_number
from sensors.files.xdf_chunks import damage_of
from sensors.labels import LabelMeaning, signal_of
from sensors.network.beat_feeds import ArrivalBeatFeed
from sensors.signals import Chunk, FloatArray, Gap, Signal

__all__ = ["is_xdf", "read_xdf"]

_OURS = "biofeedback"  #: source of the streams that our export adds to the signals
_MARKER = "marker "
_OWN_TIME_S = 1e-3  #: a beat's own time is closer to its interval; an arrival is not
_LATEST_S = 1e12  #: 30,000 years; a later stamp is damage, and would overflow


def is_xdf(data: bytes) -> bool:
    """Return whether the bytes start as an XDF file does.

    Parameters
    ----------
    data
        The file, or its first four bytes.

    Returns
    -------
    bool
        By the format's name.
    """
    return data.startswith(b"XDF:")


def read_xdf(path: Path, data: bytes, columns: Mapping[str, str] | None = None) -> Recording:
    """Read one channel of each signal that is known, or those that are named, on one clock.

    Time 0 is the first of their samples, or where the header says it is, as in our own files.

    Parameters
    ----------
    path
        For its name.
    data
        The whole file.
    columns
        From a signal to a channel, as in ``{"eda": "band: GSR"}``; None where labels tell.

    Returns
    -------
    Recording
        Text streams are markers.

    Raises
    ------
    RecordingError
        When it is damaged, when no channel is known, or when the library that reads the format
        is missing, or fails on a file that is whole.
    """
    streams, header, warnings = _load(path, data)
    found = _numbered(streams)
    offers = [offer for stream in found for offer in stream.offers]
    places = [(stream, i) for stream in found for i in range(len(stream.offers))]
    choice = choose(offers, columns, path.name)
    if not choice.taken:
        raise none_known(choice, path.name)
    source = name_of(path)
    firsts_s = [float(places[columns[0][0]][0].times_s[0]) for columns in choice.taken.values()]
    begin_s = min([*_zero(header), *firsts_s])
    series: list[Series] = []
    gaps: list[Gap] = []
    for signal, taken in choice.taken.items():
        stream = places[taken[0][0]][0]
        chunk, breaks = stream.read(signal, [(places[p][1], how) for p, how in taken], begin_s,
                                    source)  # fmt: skip
        offer = offers[taken[0][0]]
        if wrong := misfit(signal, offer, columns, chunk.values):
            choice.leave_out(signal, wrong)
            continue
        series.append(chunk)
        gaps += breaks
    told = [
        replace(gap, source=source, start_s=gap.start_s - begin_s, end_s=gap.end_s - begin_s)
        for stream in found
        for gap in stream.gaps
    ]
    if any(stream.ours for stream in found):  # ours knows the reasons, and all of them
        gaps = [gap for gap in told if gap.signal in {chunk.signal for chunk in series}]
    return assemble(
        path,
        "XDF",
        series,
        gaps,
        started=_started(header),
        markers=[(t - begin_s, x) for s in found for t, x in s.markers if t >= begin_s],
        warnings=[*warnings, *_left_out(found), *choice.warnings],
        channels=[*choice.channels, *_texts(found)],
    )


def _load(path: Path, data: bytes) -> tuple[list[dict[str, Any]], dict[str, Any], list[str]]:
    """Return the streams, the file's header, and what was wrong with the file."""
    pyxdf = library("pyxdf", "XDF files", path.name, extra="xdf")
    damage = damage_of(data)
    # By default it would smooth over a loss of 500 samples: two minutes of a wristband.
    with reading_by("pyxdf", path.name, damage=damage):
        streams, header = pyxdf.load_xdf(
            io.BytesIO(data), jitter_break_threshold_seconds=1, jitter_break_threshold_samples=4
        )
    warnings = [f"{path.name} is damaged: {damage}; the rest is read"] if damage else []
    return streams, header or {}, warnings


def _numbered(streams: list[dict[str, Any]]) -> list[_Stream]:
    """Return the streams, each under a name of its own."""
    found: list[_Stream] = []
    names: Counter[str] = Counter()
    for group, stream in enumerate(streams):
        name = _text(stream["info"], "name")
        names[name] += 1
        found.append(_Stream(stream, f"{name} #{names[name]}" if names[name] > 1 else name, group))
    return found


def _left_out(found: list[_Stream]) -> list[str]:
    """Return a sentence for each stream of which nothing can be used."""
    said = []
    for stream in found:
        if not len(stream.times_s):
            said.append(f"the stream {stream.name!r} is empty")
        elif not stream.is_text and not stream.ours and not stream.is_known:
            said.append(f"the stream {stream.name!r} is of no known signal and left out")
    return said


def _texts(found: list[_Stream]) -> list[Channel]:
    return [Channel(s.name, "marker", taken=bool(s.markers)) for s in found if s.is_text]


class _Stream:
    """One stream: what its channels offer, or its markers with their times."""

    def __init__(self, stream: dict[str, Any], name: str, group: int) -> None:
        info = stream["info"]
        self.name = name
        self.ours = info.get("source_id") == [_OURS]  # what our export says beside the signals
        self.is_text = _text(info, "channel_format") == "string"
        self._even = float(_text(info, "nominal_srate")) > 0.0
        self.times_s: FloatArray = np.asarray(stream["time_stamps"], dtype=np.float64)
        self.markers: list[tuple[float, str]] = []
        self.gaps: list[Gap] = []  #: that our export tells of
        self.offers: list[ChannelOffer] = []
        if self.is_text:
            rows = zip(self.times_s.tolist(), stream["time_series"], strict=True)
            texts = [(time_s, str(row[0])) for time_s, row in rows if abs(time_s) < _LATEST_S]
            mark = _MARKER if self.ours else ""
            self.markers = [(t, x.removeprefix(mark)) for t, x in texts if x.startswith(mark)]
            if self.ours:
                self.gaps = _gaps(self.times_s, stream["time_series"])
            return
        self._rows: FloatArray = np.asarray(stream["time_series"], dtype=np.float64)
        self._rows = self._rows.reshape(len(self.times_s), int(_text(info, "channel_count")))
        timed = np.abs(self.times_s) < _LATEST_S  # and not NaN
        order = np.argsort(self.times_s[timed], kind="stable")
        self.times_s, self._rows = self.times_s[timed][order], self._rows[timed][order]
        if not self.ours:
            self.offers = _offers(
                info,
                name,
                self._rows.shape[1],
                group,
                "" if len(self.times_s) else "it holds no samples",
            )

    @property
    def is_known(self) -> bool:
        """Whether any of its channels is of a known signal."""
        return any(signal_of(offer.name or offer.label, offer.kind) for offer in self.offers)

    def read(
        self, signal: Signal, taken: list[tuple[int, LabelMeaning]], begin_s: float, source: str
    ) -> tuple[Series, list[Gap]]:
        """Return one signal, and the breaks among its beats."""
        times_s = self.times_s - begin_s
        values = np.column_stack([how.in_our_unit(self._rows[:, place]) for place, how in taken])
        if signal is Signal.RR:
            return _beats(times_s, values, source)
        if self._even:
            return on_grid(signal, source, times_s, values), []
        return Chunk.events(signal, source, times_s, values), []


def _gaps(times_s: FloatArray, rows: list[list[str]]) -> list[Gap]:
    """Return the gaps among the events of our export: what, and for how long."""
    found = []
    for time_s, row in zip(times_s.tolist(), rows, strict=True):
        lasts_s = float(row[1]) if len(row) > 1 and is_number(row[1]) else 0.0
        if (gap := gap_of(str(row[0]), time_s, time_s + lasts_s, "")) is not None:
            found.append(gap)
    return found


def _beats(times_s: FloatArray, values: FloatArray, source: str) -> tuple[Chunk, list[Gap]]:
    """Leave beats whose stamps are their own times there; place others as if they arrived now."""
    steps_s, rr_s = np.diff(times_s), values[:, 0]
    if len(steps_s) and np.median(np.abs(steps_s - rr_s[1:])) < _OWN_TIME_S:
        return from_timed(times_s, rr_s, source)
    samples = ArrivalBeatFeed(source, lambda kind, what: None).add(np.inf, times_s, values)
    chunks = [sample for sample in samples if isinstance(sample, Chunk)]
    return (
        Chunk.events(
            Signal.RR,
            source,
            np.concatenate([chunk.times_s for chunk in chunks] or [np.empty(0)]),
            np.concatenate([chunk.values for chunk in chunks] or [np.empty((0, 1))]),
        ),
        [sample for sample in samples if isinstance(sample, Gap)],
    )


def _offers(
    info: dict[str, Any], name: str, count: int, group: int, why_not: str
) -> list[ChannelOffer]:
    """Return the channels of a stream, each under a label that is its own in the whole file."""
    described = [*_channels(info)[:count], *[("", "")] * count][:count]
    kind = _text(info, "type")
    offers = []
    for place, (label, unit) in enumerate(described):
        own = label or (str(place + 1) if count > 1 else "")
        offers.append(
            ChannelOffer(
                f"{name}: {own}" if own else name,
                unit=unit,
                kind=kind if signal_of("", kind) else name,
                why_not=why_not,
                name=label,
                group=group,
            )
        )
    return offers


def _channels(info: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the label and unit of each channel, as far as the sender described them."""
    try:
        channels = info["desc"][0]["channels"][0]["channel"]
        return [(str(_first(c, "label")), str(_first(c, "unit"))) for c in channels]
    except (KeyError, IndexError, TypeError):
        return []


def _text(info: dict[str, Any], key: str) -> str:
    """Return what a description says; "" where it does not."""
    return str((info.get(key) or [""])[0] or "")


def _first(channel: dict[str, list[str | None]], key: str) -> str:
    return next(chain(channel.get(key) or [""])) or ""


def _zero(header: dict[str, Any]) -> list[float]:
    """Return the time stamp of time 0 where the header tells one, as ours does."""
    try:
        zero_s = float(header["info"]["time_zero"][0])
    except (KeyError, IndexError, TypeError, ValueError):
        return []
    return [zero_s] if abs(zero_s) < _LATEST_S else []


def _started(header: dict[str, Any]) -> datetime | None:
    """Return when the recorder was started, if the file says it."""
    try:
        started = datetime.fromisoformat(str(header["info"]["datetime"][0]))
    except (KeyError, IndexError, TypeError, ValueError):
        return None
    return started.astimezone(UTC) if started.tzinfo else started
