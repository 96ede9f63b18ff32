"""What a channel's label, type or unit says about its signal, whoever named it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from sensors.signals import FloatArray, Signal
from sensors.units import UnitConversion, conversion

__all__ = [
    "NAMES",
    "LabelMeaning",
    "columns_of",
    "meaning_of",
    "signal_named",
    "signal_of",
    "words_of",
]

_CASE_CHANGES = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

#: Names under which programs and devices know our signals, in lower case, without punctuation and
#: without accents. Some in the languages in which programs export.
NAMES: dict[str, Signal] = {
    **{signal.value: signal for signal in Signal},
    **dict.fromkeys(("ibi", "rri", "nn", "nni", "rr interval", "rr intervals"), Signal.RR),
    **dict.fromkeys(("ppi", "bi", "interbeat interval", "inter beat interval"), Signal.RR),
    **dict.fromkeys(("r r", "rr intervall", "rr abstand", "intervalle rr"), Signal.RR),
    **dict.fromkeys(("interbeatinterval", "pp interval", "r r interval"), Signal.RR),
    **dict.fromkeys(("heart rate", "heartrate", "bpm", "pulse rate", "pulse", "puls"), Signal.HR),
    **dict.fromkeys(("herzfrequenz", "herzrate", "frequence cardiaque", "hartslag"), Signal.HR),
    **dict.fromkeys(("frecuencia cardiaca", "frequenza cardiaca", "pulso", "fc"), Signal.HR),
    **dict.fromkeys(("gsr", "skin conductance", "electrodermal activity", "scl"), Signal.EDA),
    **dict.fromkeys(("galvanic skin response", "electrodermal", "ea", "conductance"), Signal.EDA),
    **dict.fromkeys(("hautleitwert", "hautleitfahigkeit", "hautleitfaehigkeit"), Signal.EDA),
    **dict.fromkeys(("conductancia", "conduttanza", "conductivite", "huidgeleiding"), Signal.EDA),
    **dict.fromkeys(("skin resistance", "hautwiderstand", "galvanic"), Signal.EDA),
    **dict.fromkeys(("bvp", "pleth", "blood volume pulse"), Signal.PPG),
    **dict.fromkeys(("rsp", "respiration", "breathing", "thorax", "airflow"), Signal.RESP),
    **dict.fromkeys(("atmung", "respiracion", "respirazione", "ademhaling"), Signal.RESP),
    **dict.fromkeys(("ekg", "ecg i", "ecg ii", "mlii", "electrocardiogram"), Signal.ECG),
    **dict.fromkeys(
        ("accelerometer", "accel", "acceleration", "acc x", "acc y", "acc z"), Signal.ACC
    ),
    **dict.fromkeys(("accx", "accy", "accz", "ax", "ay", "az", "beschleunigung"), Signal.ACC),
    **dict.fromkeys(("temperature", "skin temperature", "skin temp", "tmp"), Signal.TEMP),
    **dict.fromkeys(("skt", "therm"), Signal.TEMP),
    **dict.fromkeys(("temperatur", "temperatura", "hauttemperatur"), Signal.TEMP),
}
#: Known words that are enough among others although they are short.
_SHORT = {"rr", "hr", "nn"}
_LONG = 3  #: letters from which on a word is no other word by chance
#: With one of these a column tells about a signal, and is none itself.
_ABOUT = {
    "range", "quality", "confidence", "reliability", "status", "battery", "contact", "error", "hrv",
    "count", "index", "missing", "variability", "rmssd", "sdnn", "flag",
}  # fmt: skip
#: A channel of one of these names is none of its stream's signal, whatever the stream is of.
_BESIDE = {
    "counter", "counts", "time", "timestamp", "timestamps", "sequence", "seq", "packet", "sample",
    "marker", "markers", "trigger", "event", "events", "validity",
}  # fmt: skip
_RESISTANCE = ("resistance", "widerstand", "resistencia", "resistenza", "weerstand", "impedance")
_RR_LONGEST_S = 10.0  #: no heart beats every 10 s: a larger RR is in ms


@dataclass(frozen=True, slots=True)
class LabelMeaning:
    """A signal, and how its values come into our unit; `factor` None: only their size tells it."""

    signal: Signal  #: what is measured
    factor: float | None = 1.0  #: from the channel's unit to ours
    offset: float = 0.0  #: added after the factor
    inverse: bool = False  #: a resistance: factor / value

    def in_our_unit(self, values: ArrayLike) -> FloatArray:
        """Return the values in the unit of `sensors.signals.UNITS`.

        Parameters
        ----------
        values
            In the unit that the channel names, of any shape.

        Returns
        -------
        FloatArray
            Of the same shape; RR without a unit is taken to be in ms beyond 10.
        """
        array = np.asarray(values, dtype=np.float64)
        if self.factor is not None:
            return UnitConversion(self.factor, self.offset, self.inverse)(array)
        return np.where(array > _RR_LONGEST_S, array / 1000.0, array)


def meaning_of(label: str, kind: str = "", unit: str = "") -> LabelMeaning | None:
    """Return what a channel measures by its label, else by its kind; None when nothing tells.

    Parameters
    ----------
    label
        The channel's own name.
    kind
        Its type, such as that of an LSL stream.
    unit
        As written there; empty is taken to be ours.

    Returns
    -------
    LabelMeaning | None
        None as well for a unit that cannot be converted, and for a resistance without a unit.
    """
    signal = signal_of(label, kind)
    if signal is None or (not unit.strip() and _names_resistance(label)):
        return None
    if signal is Signal.RR and not unit.strip():
        return LabelMeaning(signal, None)
    known = conversion(signal, unit)
    if known is None:
        return None
    return LabelMeaning(signal, known.factor, known.offset, known.inverse)


def words_of(label: str) -> list[str]:
    """Return the words of a label: in lower case, without accents, parted where case changes.

    Parameters
    ----------
    label
        Such as "Skin_Temperature" or "heartRate".

    Returns
    -------
    list[str]
        Letters and digits only.
    """
    plain = unicodedata.normalize("NFKD", label)
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    plain = _CASE_CHANGES.sub(" ", plain)
    return "".join(c if c.isalnum() else " " for c in plain.lower()).split()


def signal_named(text: str) -> Signal | None:
    """Return which signal a label names, whatever its unit.

    Parameters
    ----------
    text
        A label, or a kind of stream.

    Returns
    -------
    Signal | None
        None where no known word is in it, or where it tells about a signal only.
    """
    words = words_of(text)
    whole = "".join(c if c.isalnum() else " " for c in text.lower()).split()
    for name in (" ".join(whole), " ".join(words)):
        if found := NAMES.get(name):
            return found
    if "rate" in words:
        pairs = {" ".join(pair) for pair in pairwise(words)}
        return Signal.HR if pairs & {"heart rate", "pulse rate"} and not _ABOUT & {*words} else None
    if _ABOUT.intersection(words):
        return None
    # Labels such as "E4_EDA", "ECG LA-RA" or "Wrist GSR": a known word among others is enough.
    # Modules and electrodes have numbers: "EDA100C", "Resp2", "ECG12".
    bare = [w if w in NAMES or len(b := w.rstrip("0123456789")) < _LONG else b for w in words]
    return next((NAMES[w] for w in bare if w in NAMES and (len(w) >= _LONG or w in _SHORT)), None)


def signal_of(label: str, kind: str = "") -> Signal | None:
    """Return which signal a channel is of: by its own label, else by what its stream is of.

    Parameters
    ----------
    label
        The channel's own name.
    kind
        The type or the name of its stream.

    Returns
    -------
    Signal | None
        None for a channel that tells about the signal only, such as a counter or its quality.
    """
    if (own := signal_named(label)) is not None:
        return own
    return None if (_ABOUT | _BESIDE).intersection(words_of(label)) else signal_named(kind)


def _names_resistance(label: str) -> bool:
    return any(word.endswith(_RESISTANCE) for word in words_of(label))


def columns_of(meanings: Iterable[LabelMeaning | None]) -> list[tuple[LabelMeaning, list[int]]]:
    """Return each signal with its columns; only acceleration has more than one.

    Parameters
    ----------
    meanings
        Those of the columns from the left; None for one that is of no use.

    Returns
    -------
    list[tuple[LabelMeaning, list[int]]]
        In the order in which the signals first appear.
    """
    found: dict[Signal, tuple[LabelMeaning, list[int]]] = {}
    for column, meaning in enumerate(meanings):
        if meaning is None:
            continue
        if meaning.signal not in found:
            found[meaning.signal] = (meaning, [column])
        elif meaning.signal is Signal.ACC:
            found[meaning.signal][1].append(column)
    return list(found.values())
