"""The one reader of units: what a unit is worth in ours, and where a name ends and its unit begins.

A unit that cannot be converted is refused, never passed over: a resistance is no conductance.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sensors.signals import FloatArray, Signal

__all__ = ["TIME_UNITS_S", "UnitConversion", "conversion", "is_unit", "seconds_in", "split_unit"]


@dataclass(frozen=True, slots=True)
class UnitConversion:
    """From a unit to ours: `factor * value + offset`, or `factor / value` for a resistance."""

    factor: float = 1.0
    offset: float = 0.0
    inverse: bool = False  #: of a resistance

    def __call__(self, values: ArrayLike) -> FloatArray:
        """Return the values in our unit.

        Parameters
        ----------
        values
            Of any shape.

        Returns
        -------
        FloatArray
            Of the same shape; NaN for a resistance that is not positive.
        """
        array = np.asarray(values, dtype=np.float64)
        if self.inverse:
            with np.errstate(divide="ignore", invalid="ignore"):
                return np.where(array > 0.0, self.factor / array, np.nan)
        if self == UnitConversion():
            return array
        return array * self.factor + self.offset if self.offset else array * self.factor


#: What a unit of time is worth, in s.
TIME_UNITS_S: dict[str, float] = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "sek", "sekunden"), 1.0),
    **dict.fromkeys(("ms", "msec", "msecs", "millis", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("us", "usec", "micros", "microsecond", "microseconds"), 1e-6),
    **dict.fromkeys(("ns", "nsec", "nanos", "nanosecond", "nanoseconds"), 1e-9),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hour", "hours"), 3600.0),
}
_PREFIXES = {"": 1.0, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9}
_WORDS = {"nano": "n", "micro": "u", "milli": "m", "kilo": "k", "mega": "M", "giga": "G"}
#: Names of the units that take a prefix; upper and lower case differ, a second is no siemens.
_SIEMENS = ("S", "siemens", "Siemens", "mho")
_VOLT = ("V", "v", "volt", "volts", "Volt", "Volts")
_OHM = ("ohm", "ohms", "Ohm", "Ohms", "OHM", "R")
_METRES = ("m/(s^2)", "m/s2", "m/s^2", "m/s²", "m/s/s", "ms-2", "ms^-2", "m.s-2", "meters/second^2")
_RATES = ("bpm", "1/min", "/min", "beats/min", "b/min", "min-1", "bpm.", "beats per minute")
_RATES_OF_BREATH = ("rpm", "brpm", "bpm", "1/min", "/min", "breaths/min", "hz")
#: Words that stand where a unit could, of numbers that nobody calibrated.
_NO_UNITS = {
    "no units", "no_units", "nounits", "raw", "adc", "counts", "count", "lsb", "bit", "bits",
    "digit",
}  # fmt: skip
#: Units that need no bracket to be one, as the last word of a name.
_LAST_WORDS = {
    "ms", "msec", "s", "sec", "seconds", "us", "usiemens", "microsiemens", "ns", "nsec", "bpm",
    "mv", "uv", "g", "mg", "au", "degc", "degf", "kohm", "kohms", "mohm", "mohms", "ohm", "ohms",
    "celsius", "siemens", "nsiemens", "msiemens", "min", "milliseconds", "microseconds",
    "nanoseconds", "millivolts", "microvolts", "volts", "fahrenheit", "kelvin",
}  # fmt: skip
_BRACKET = re.compile(r"^(.*?)[\s_]*[(\[{<]\s*([^()\[\]{}<>]*?)\s*[)\]}>]\s*$")
_AFTER_SIGN = re.compile(r"^(.*\S)\s*(?:/|\bin\b|,|:|-)\s*(\S+)$")


def conversion(signal: Signal, unit: str) -> UnitConversion | None:
    """Return how a unit becomes ours.

    Parameters
    ----------
    signal
        What is measured.
    unit
        As it is written; empty is taken to be ours.

    Returns
    -------
    UnitConversion | None
        None for a unit of something else, or of none.
    """
    unit = _plain(unit)
    small = unit.lower()
    if small in _NO_UNITS:
        return UnitConversion() if signal in (Signal.PPG, Signal.RESP) else None
    if not unit:
        return UnitConversion()
    match signal:
        case Signal.RR:
            if small in ("1/1024 s", "1/1024s", "1/1024"):
                return UnitConversion(1 / 1024)
            factor = seconds_in(unit)
            return None if factor is None or factor > 1.0 else UnitConversion(factor)
        case Signal.ECG:
            return _scaled(unit, _VOLT, 1e3)
        case Signal.EDA:
            if small in ("us", "usiemens", "umho"):  # also as "US", where nothing is in lower case
                return UnitConversion()
            return _scaled(unit, _SIEMENS, 1e6) or _scaled(unit, _OHM, 1e6, inverse=True)
        case Signal.ACC:
            if small in _METRES:
                return UnitConversion(1 / 9.80665)
            return {"g": UnitConversion(), "gs": UnitConversion(), "mg": UnitConversion(1e-3),
                    "milli-g": UnitConversion(1e-3)}.get(small)  # fmt: skip
        case Signal.HR:
            if small in _RATES:
                return UnitConversion()
            return UnitConversion(60.0) if small == "hz" else None
        case Signal.TEMP:
            if small in ("degc", "c", "celsius", "deg c", "degrees celsius", "deg", "grad"):
                return UnitConversion()
            if small in ("degf", "f", "fahrenheit", "deg f", "degrees fahrenheit"):
                return UnitConversion(1 / 1.8, -32 / 1.8)
            return UnitConversion(1.0, -273.15) if small in ("k", "kelvin", "degk") else None
        case Signal.RESP:
            return None if small in _RATES_OF_BREATH else UnitConversion()
        case _:  # arbitrary units
            return UnitConversion()


def seconds_in(unit: str) -> float | None:
    """Return how many seconds a unit of time is worth.

    Parameters
    ----------
    unit
        As it is written.

    Returns
    -------
    float | None
        None for what is no unit of time.
    """
    return TIME_UNITS_S.get(_plain(unit).lower().rstrip("."))


def is_unit(text: str) -> bool:
    """Return whether a text is a unit of any of our signals, or of time, or says that it is none.

    Parameters
    ----------
    text
        One cell.

    Returns
    -------
    bool
        False for an empty text.
    """
    if not text.strip():
        return False
    plain = _plain(text)
    if plain.lower() in _NO_UNITS | {"%", "a.u.", "au", "n.u.", "cal", "rpm"}:
        return True
    exact = (Signal.RR, Signal.ECG, Signal.EDA, Signal.ACC, Signal.HR, Signal.TEMP)
    return seconds_in(text) is not None or any(conversion(s, plain) is not None for s in exact)


def split_unit(header: str) -> tuple[str, str]:
    """Part a column's header into name and unit: "ECG (uV)", "RR [ms]", "eda_us", "GSR/kOhm".

    Parameters
    ----------
    header
        A header, or what a user wrote in its place.

    Returns
    -------
    tuple[str, str]
        The unit is empty where there is none.
    """
    text = header.strip()
    if (found := _BRACKET.match(text)) and (not found[2] or _is_like_unit(found[2])):
        return found[1].strip(" _,:-/"), found[2]
    if (found := _AFTER_SIGN.match(text)) and is_unit(found[2]):
        return found[1].strip(), found[2]
    words = re.split(r"[\s_.\-]+", text)
    if len(words) > 1 and (
        _plain(words[-1]).lower() in _LAST_WORDS or words[-1] in ("uS", "µS", "μS")
    ):
        end = text.rindex(words[-1])
        return text[:end].rstrip(" _.-"), words[-1]
    return text, ""


def _is_like_unit(text: str) -> bool:
    """Return whether a text in brackets is a unit, or at least looks as if it were one."""
    return is_unit(text) or bool(re.fullmatch(r"[^\s\d]{1,8}\d?", text))


def _plain(unit: str) -> str:
    text = (
        unit.strip()
        .replace("µ", "u")
        .replace("μ", "u")
        .replace("\u03a9", "Ohm")
        .replace("\u2126", "Ohm")
    )
    return text.replace("°", "deg").replace("º", "deg").replace("deg ", "deg")


def _scaled(
    unit: str, names: tuple[str, ...], to_ours: float, *, inverse: bool = False
) -> UnitConversion | None:
    """Return what a unit with a prefix, as a letter or as a word, is worth."""
    for name in names:
        if not unit.endswith(name) and not (len(name) > 1 and unit.lower().endswith(name.lower())):
            continue
        prefix = unit[: -len(name)].strip(" -")
        prefix = _WORDS.get(prefix.lower(), prefix)
        prefix = "k" if prefix == "K" else "u" if prefix == "U" else prefix
        if prefix in _PREFIXES:
            worth = _PREFIXES[prefix]
            return (
                UnitConversion(to_ours / worth, inverse=True)
                if inverse
                else UnitConversion(_round(to_ours * worth))
            )
    return None


def _round(factor: float) -> float:
    """Return the decimal that a product of powers of ten stands for: 1e6 * 1e-9 is 0.001."""
    return float(f"{factor:.12g}")
