"""What notes in a file mean: markers, stretches to leave out, and in our own samples and gaps.

A text that begins with BAD marks a stretch that is no data, as MNE-Python has it, and what stands
behind @@ is the one channel that it is about (edfplus.info). Our own files tell beats by notes too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import cast, get_args

import numpy as np

from sensors.files.beats import from_timed
from sensors.labels import LabelMeaning, meaning_of
from sensors.signals import Chunk, Gap, GapReason, Signal

__all__ = ["BadStretch", "EdfNotes", "gap_of", "understood"]

_BAD = re.compile(r"bad(_.*)?", re.IGNORECASE)
#: A sample of a stream without a rate, as our export writes it: "RR 0.812 s", "HR2 71.0 bpm".
_SAMPLE = re.compile(r"([A-Z]+)(\d*) (\S+) (\S+)")
#: A gap as our exports write it: "gap link rr".
_GAP = re.compile(r"gap ([a-z_]+) ([a-z]+)")
_MARKER = "marker "


@dataclass(frozen=True, slots=True)
class BadStretch:
    """A stretch that is no data, in s of the file."""

    start_s: float  #: its first sample
    end_s: float  #: the first sample after it
    label: str = ""  #: of the one channel; "" for all of them


@dataclass(slots=True)
class EdfNotes:
    """Annotations, sorted out."""

    markers: list[tuple[float, str]] = field(default_factory=list)  #: (time in s, text)
    bad: list[BadStretch] = field(default_factory=list)  #: stretches that are no data
    series: list[Chunk] = field(default_factory=list)  #: of signals without a rate
    gaps: list[Gap] = field(default_factory=list)  #: that our own export tells of


def understood(notes: Iterable[tuple[float, float, str]], source: str, *, ours: bool) -> EdfNotes:
    """Sort out the annotations of a file.

    Parameters
    ----------
    notes
        (onset in s, duration in s, text), in order.
    source
        The sensor's name, which samples bear.
    ours
        Whether our own export wrote the file.

    Returns
    -------
    EdfNotes
        Of a file of ours the markers are those that were markers then; all texts of others are.
    """
    found = EdfNotes()
    samples: dict[LabelMeaning, list[tuple[float, float]]] = {}
    for onset_s, duration_s, text in notes:
        name, _, label = text.partition("@@")
        sample = _SAMPLE.fullmatch(text) if ours else None
        if duration_s > 0.0 and _BAD.fullmatch(name.strip()):
            found.bad.append(BadStretch(onset_s, onset_s + duration_s, label.strip()))
        elif sample is not None:
            signal, number, value, unit = sample.groups()
            meaning = meaning_of(signal, unit=unit)
            if meaning is not None and not number:  # a second sensor's are left out
                samples.setdefault(meaning, []).append((onset_s, _number(value)))
        elif ours and (gap := gap_of(text, onset_s, onset_s + duration_s, source)) is not None:
            found.gaps.append(gap)
        elif not ours:
            found.markers.append((onset_s, text))
        elif text.startswith(_MARKER):
            found.markers.append((onset_s, text.removeprefix(_MARKER)))
    for meaning, pairs in samples.items():
        times_s, values = np.array(pairs, dtype=np.float64).T
        values = meaning.in_our_unit(values)
        if meaning.signal is Signal.RR:
            chunk, _ = from_timed(times_s, values, source)
        else:
            chunk = Chunk.events(meaning.signal, source, times_s, values)
        found.series.append(chunk)
    return found


def gap_of(text: str, start_s: float, end_s: float, source: str) -> Gap | None:
    """Return the gap that a note of our exports tells of.

    Parameters
    ----------
    text
        Such as "gap link rr".
    start_s, end_s
        Of the note.
    source
        The sensor's name.

    Returns
    -------
    Gap | None
        None where it tells of something else.
    """
    told = _GAP.fullmatch(text)
    if told is None or told[1] not in get_args(GapReason) or told[2] not in list(Signal):
        return None
    return Gap(Signal(told[2]), source, start_s, end_s, cast(GapReason, told[1]))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan
