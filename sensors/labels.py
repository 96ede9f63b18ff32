"""What a channel's label, type or unit says about its signal, whoever named it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sensors.signals import FloatArray, Signal

__all__ = ["NAMES", "LabelMeaning", "columns_of", "meaning_of"]

#: Names under which programs and devices know our signals, in lower case and without punctuation.
NAMES: dict[str, Signal] = {
    **{signal.value: signal for signal in Signal},
    **dict.fromkeys(("ibi", "rri", "nn", "nni", "rr interval", "rr intervals"), Signal.RR),
    **dict.fromkeys(("ppi", "bi", "interbeat interval", "inter beat interval"), Signal.RR),
    **dict.fromkeys(("heart rate", "heartrate", "bpm", "pulse rate"), Signal.HR),
    **dict.fromkeys(("gsr", "skin conductance", "electrodermal activity", "scl"), Signal.EDA),
    **dict.fromkeys(("galvanic skin response", "electrodermal", "ea"), Signal.EDA),
    **dict.fromkeys(("bvp", "pleth", "blood volume pulse"), Signal.PPG),
    **dict.fromkeys(("rsp", "respiration", "breathing", "thorax", "airflow"), Signal.RESP),
    **dict.fromkeys(("ekg", "ecg i", "ecg ii", "ecg1", "ecg2"), Signal.ECG),
    **dict.fromkeys(("accelerometer", "acceleration", "acc x", "acc y", "acc z"), Signal.ACC),
    **dict.fromkeys(("accx", "accy", "accz", "ax", "ay", "az"), Signal.ACC),
    **dict.fromkeys(("temperature", "skin temperature", "skin temp", "tmp"), Signal.TEMP),
}
#: The factor from a unit to ours. An empty unit is taken to be ours; RR tells it by its size.
_FACTORS: dict[Signal, dict[str, float]] = {
    Signal.RR: {
        "s": 1.0, "sec": 1.0, "seconds": 1.0, "ms": 1e-3, "msec": 1e-3, "milliseconds": 1e-3,
    },
    Signal.ECG: {"": 1.0, "mv": 1.0, "millivolts": 1.0, "uv": 1e-3, "microvolts": 1e-3, "v": 1e3},
    Signal.EDA: {
        "": 1.0, "us": 1.0, "usiemens": 1.0, "microsiemens": 1.0, "umho": 1.0, "siemens": 1e6,
    },
    Signal.ACC: {"": 1.0, "g": 1.0, "mg": 1e-3, "m/s2": 1 / 9.80665, "m/s^2": 1 / 9.80665},
    Signal.HR: {
        "": 1.0, "bpm": 1.0, "1/min": 1.0, "/min": 1.0, "beats/min": 1.0, "b/min": 1.0, "hz": 60.0,
    },
    Signal.TEMP: {"": 1.0, "degc": 1.0, "c": 1.0, "celsius": 1.0, "deg c": 1.0},
}  # fmt: skip
#: Where upper and lower case differ: a second is no siemens.
_EXACT: dict[tuple[Signal, str], float] = {
    (Signal.EDA, "S"): 1e6,
    (Signal.EDA, "mS"): 1e3,
    (Signal.EDA, "nS"): 1e-3,
}
_RR_LONGEST_S = 10.0  #: no heart beats every 10 s: a larger RR is in ms


@dataclass(frozen=True, slots=True)
class LabelMeaning:
    """A signal, and the factor to its unit; None where only the size of the values tells it."""

    signal: Signal  #: what is measured
    factor: float | None = 1.0  #: from the channel's unit to ours

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
            return array if self.factor == 1.0 else array * self.factor
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
        None as well for a unit that cannot be converted, such as a resistance for EDA.
    """
    signal = _signal(label) or _signal(kind)
    if signal is None:
        return None
    unit = unit.strip().replace("µ", "u").replace("μ", "u").replace("°", "deg")
    if (signal, unit) in _EXACT:
        return LabelMeaning(signal, _EXACT[signal, unit])
    factors = _FACTORS.get(signal)
    if factors is None:  # arbitrary units
        return LabelMeaning(signal)
    if signal is Signal.RR and not unit:
        return LabelMeaning(signal, None)
    factor = factors.get(unit.lower())
    return None if factor is None else LabelMeaning(signal, factor)


def _signal(text: str) -> Signal | None:
    words = "".join(c if c.isalnum() else " " for c in text.lower()).split()
    if (found := NAMES.get(" ".join(words))) or "rate" in words:
        return found
    # Labels such as "E4_EDA", "ECG LA-RA" or "Wrist GSR": a known word among others is enough.
    return next((NAMES[word] for word in words if word in NAMES and len(word) > 2), None)


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
