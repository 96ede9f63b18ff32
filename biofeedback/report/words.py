"""Numbers, times and names as a wearer reads them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from biofeedback.record.lines import EndLine

__all__ = [
    "METRIC_NAMES",
    "clock",
    "ending",
    "joined",
    "length",
    "quality_word",
    "rounded",
    "share",
    "unit",
]

#: What the report calls each metric; others appear under their own name.
METRIC_NAMES = {
    "heart_rate": "Heart rate",
    "ln_rmssd": "Heart rate variability for control (ln RMSSD, 30 s)",
    "rmssd": "Heart rate variability (RMSSD)",
    "sdnn": "Spread of beat intervals (SDNN)",
    "pnn50": "Steps above 50 ms (pNN50)",
    "breathing_rate": "Breathing rate, from the heart",
    "scl": "Skin conductance level",
    "scr_rate": "Skin responses",
    "vlf": "Very-low-frequency power (VLF)",
    "lf": "Low-frequency power (LF)",
    "hf": "High-frequency power (HF)",
    "lf_hf": "LF / HF",
    "eda_tonic": "Skin conductance, tonic part",
    "eda_phasic": "Skin conductance, phasic part",
    "sd1": "Beat-to-beat spread (SD1)",
    "sd2": "Long-term spread (SD2)",
    "stress_index": "Stress index (Baevsky, square root)",
    "coherence": "Coherence, one slow rhythm against the rest",
    "motion": "Motion",
    "skin_temperature": "Skin temperature",
}
_UNITS = {
    "bpm": "per minute", "uS": "µS", "degC": "°C", "1/min": "per minute", "ms^2": "ms²",
    "ln ms": "",
}  # fmt: skip
_ENDINGS = {
    "duration": "its set length was reached",
    "recording ended": "the recording was over",
    "programme ended": "the programme was over",
    "asked": "somebody asked it to",
    "interrupted": "it was interrupted",
    "failed": "something failed",
}


def unit(name: str) -> str:
    """Return a unit as it is printed."""
    return _UNITS.get(name, name)


def clock(time_s: float) -> str:
    """Return a session time as m:ss, or h:mm:ss from an hour on."""
    seconds = max(0, round(time_s))
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def ending(end: EndLine | None) -> str:
    """Return how a session ended; None stands for a log without an end."""
    if end is None:
        return "it was cut short, and the log has no end"
    return _ENDINGS.get(end.reason, end.reason)


def length(duration_s: float) -> str:
    """Return a duration in words, such as "3 min 9 s"."""
    seconds = round(duration_s)
    if seconds < 60:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (0 if hours else seconds, "s")]
    return " ".join(f"{number} {name}" for number, name in parts if number)


def rounded(value: float) -> str:
    """Return a number with about three significant figures and no exponent; a dash for NaN."""
    if not math.isfinite(value):
        return "–"
    size = abs(value)
    places = 0 if size >= 100 else 1 if size >= 10 else 2
    return f"{value:,.{places}f}".replace(",", "\u202f")


def share(part: float) -> str:
    """Return a share of 0 to 1 in percent, never rounded up to all or down to nothing."""
    percent = 100.0 * part
    if 0.0 < percent < 1.0:
        return "below 1 %"
    if 99.0 < percent < 100.0:
        return "over 99 %"
    return f"{percent:.0f} %"


def quality_word(quality: float) -> str:
    """Return a mean quality of 0 to 1 in a word; the borders are our own choice."""
    for border, word in ((0.8, "good"), (0.5, "fair"), (0.0, "poor")):
        if quality >= border and quality > 0.0:
            return word
    return "none"


def joined(items: Sequence[str]) -> str:
    """Return "a", "a and b" or "a, b and c"."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else list(items))
