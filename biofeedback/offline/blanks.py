"""Why a figure is blank: one plain sentence for each that a recording allows no value of."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from biofeedback.metrics.base import Reading
from biofeedback.metrics.beats import Beat
from biofeedback.metrics.windowed import SHORTEST_SPECTRUM_S, SHORTEST_VLF_S
from biofeedback.offline.windows import WindowMetrics
from sensors.base import Sample
from sensors.signals import Chunk, Gap, Signal

__all__ = ["Blanks", "RecordingEvidence"]

_HEARTS = (Signal.RR, Signal.ECG, Signal.PPG)
#: Which signal a metric is made of; all others are made of beats.
_OF: dict[str, Signal] = {
    "scl": Signal.EDA, "scr_rate": Signal.EDA, "eda_tonic": Signal.EDA, "eda_phasic": Signal.EDA,
    "motion": Signal.ACC, "skin_temperature": Signal.TEMP,
}  # fmt: skip
_CALLED: dict[Signal, str] = {
    Signal.EDA: "skin conductance", Signal.ACC: "acceleration", Signal.TEMP: "temperature",
    Signal.HR: "heart rate", Signal.RR: "RR intervals", Signal.ECG: "ECG", Signal.PPG: "pulse wave",
}  # fmt: skip
_GAPS = {
    "link": "the link was lost", "stall": "the sensor was silent", "clock": "its clock was set",
    "no_contact": "no contact with the skin", "bad_data": "samples are missing or unreadable",
}  # fmt: skip
#: What a metric needs in one stretch, in s, and the window that surely holds it.
_NEEDS_S = {
    **dict.fromkeys(("lf", "hf", "lf_hf"), (SHORTEST_SPECTRUM_S, 150.0)),
    **dict.fromkeys(("eda_tonic", "eda_phasic"), (60.0, 90.0)),
    "vlf": (SHORTEST_VLF_S, 300.0),
}
_NEEDS_BEATS = {
    "stress_index": 20, "breathing_rate": 30, "coherence": 30, "lf": 30, "hf": 30, "lf_hf": 30,
    "vlf": 30,
}  # fmt: skip
_RHYTHMS = ("breathing_rate", "coherence")
_SLOWEST_WAVE_HZ = 25.0  #: below it a wave has no beats that can be told from each other. Ours
_SLOWEST_EDA_HZ = 1.0  #: a longer step is a break for `EdaGate`
_WHOLE_BEATS, _LONG_RUN_BEATS = 30, 200  #: of `hrv_summary`, and of `nonlinear`
_HALF = 0.5  #: of a window must be covered


class RecordingEvidence:
    """What a recording held, as far as it explains what could not be measured."""

    def __init__(self) -> None:
        self.rates_hz: dict[Signal, float | None] = {}  #: of each signal that was there
        self.gaps: dict[Signal, list[Gap]] = {}

    def feed(self, sample: Sample) -> None:
        """Take in a sample.

        Parameters
        ----------
        sample
            As a sensor sent it.
        """
        if isinstance(sample, Chunk):
            self.rates_hz.setdefault(sample.signal, sample.rate_hz)
        elif isinstance(sample, Gap):
            self.gaps.setdefault(sample.signal, []).append(sample)


@dataclass(frozen=True, slots=True)
class Blanks:
    """Answers why figures of one recording are blank."""

    rates_hz: Mapping[Signal, float | None]  #: of each signal that was there; None: no even rate
    gaps: Mapping[Signal, Sequence[Gap]]  #: of each signal, in order of time
    times_s: Sequence[float]  #: of the beats
    good: Sequence[int]  #: how many of the beats up to each are normal
    window_s: float  #: length of a window

    @classmethod
    def of(cls, evidence: RecordingEvidence, beats: Iterable[Beat], window_s: float) -> Blanks:
        """Return the answers of a recording.

        Parameters
        ----------
        evidence
            What it held.
        beats
            All that were found, in order.
        window_s
            Length of its windows.

        Returns
        -------
        Blanks
            Of use as long as the recording is the same.
        """
        times_s: list[float] = []
        good = [0]
        for beat in beats:
            times_s.append(beat.time_s)
            good.append(good[-1] + beat.is_nn)
        return cls(dict(evidence.rates_hz), dict(evidence.gaps), times_s, good, window_s)

    def why(self, reading: Reading, window: WindowMetrics) -> str:
        """Return why a reading has no value.

        Parameters
        ----------
        reading
            One of the window's.
        window
            Where it stands.

        Returns
        -------
        str
            A sentence without its full stop; empty where there is a value.
        """
        if reading.value is not None:
            return ""
        name = reading.name
        if name in _OF:
            return self._lacking(_OF[name], window) or self._of_skin(name, reading, window)
        heart = next((signal for signal in _HEARTS if signal in self.rates_hz), None)
        if heart is None:
            if Signal.HR in self.rates_hz and name == "heart_rate":
                return self._lacking(Signal.HR, window) or self._little(reading, "values", window)
            if Signal.HR in self.rates_hz:
                return "it holds a heart rate alone, and no single beats"
            return "it holds no RR intervals, no ECG and no pulse wave"
        return self._lacking(heart, window) or self._of_beats(heart, reading, window)

    def whole(self) -> dict[str, str]:
        """Return why figures over the whole recording are blank, were they to be so.

        Returns
        -------
        dict[str, str]
            Of "hrv", "spectrum", "nonlinear" and "eda".
        """
        count = self.good[-1]
        heart = next((signal for signal in _HEARTS if signal in self.rates_hz), None)
        beats = f"it holds {count} normal beats, and {_WHOLE_BEATS} are needed"
        if heart is None:
            beats = "it holds no RR intervals, no ECG and no pulse wave"
        eda = "less than half of its skin conductance can be trusted"
        if Signal.EDA not in self.rates_hz:
            eda = "it holds no skin conductance"
        short = count < _WHOLE_BEATS
        return {
            "hrv": beats,
            "spectrum": beats if short else f"no {SHORTEST_SPECTRUM_S:g} s of it are unbroken",
            "nonlinear": beats if short else f"no {_LONG_RUN_BEATS} beats follow without a break",
            "eda": eda,
        }

    def _lacking(self, signal: Signal, window: WindowMetrics) -> str:
        """Return that a signal is not there, in the recording or in a window."""
        if signal not in self.rates_hz:
            return f"it holds no {_CALLED[signal]}"
        lost = {
            gap.reason: min(gap.end_s, window.end_s) - max(gap.start_s, window.start_s)
            for gap in self.gaps.get(signal, ())
            if gap.end_s > window.start_s and gap.start_s < window.end_s
        }
        total_s = sum(
            max(0.0, min(gap.end_s, window.end_s) - max(gap.start_s, window.start_s))
            for gap in self.gaps.get(signal, ())
        )
        if total_s >= _HALF * (window.end_s - window.start_s):
            reason = max(lost, key=lambda why: lost[why])
            return f"{total_s:.0f} s of the window are a gap: {_GAPS[reason]}"
        return ""

    def _of_skin(self, name: str, reading: Reading, window: WindowMetrics) -> str:
        signal = _OF[name]
        rate_hz = self.rates_hz[signal]
        if signal is Signal.EDA and name != "scl" and rate_hz is None:
            return "its samples have no even rate"
        if signal is Signal.EDA and rate_hz is not None and rate_hz < _SLOWEST_EDA_HZ:
            return f"it has a sample every {1 / rate_hz:g} s, and one a second is needed"
        what = _CALLED[signal]
        return (
            self._too_short(name, window.end_s - window.start_s)
            or self._little(reading, what, window)
            or f"no part of its {what} is long enough without a break"
        )

    def _of_beats(self, heart: Signal, reading: Reading, window: WindowMetrics) -> str:
        first = bisect_right(self.times_s, window.start_s)
        last = bisect_right(self.times_s, window.end_s)
        beats, good = last - first, self.good[last] - self.good[first]
        rate_hz = self.rates_hz[heart]
        if not beats and rate_hz is not None and rate_hz < _SLOWEST_WAVE_HZ:
            return f"{rate_hz:g} samples of its {_CALLED[heart]} a second are too few to see beats"
        if not beats:
            return f"no beats were found in its {_CALLED[heart]}"
        if good < _HALF * beats:
            return f"{beats - good} of {beats} beats were left out as artefacts"
        span_s = self.times_s[last - 1] - self.times_s[first]
        if short := self._too_short(reading.name, span_s):
            return short
        needed = _NEEDS_BEATS.get(reading.name, 3)
        if good < needed:
            return f"{good} normal beats are too few: {needed} are needed"
        if reading.name in _RHYTHMS:
            return "no steady rhythm is to be seen in its beats"
        return self._little(reading, "beats", window) or "its intervals are alike"

    def _too_short(self, name: str, known_s: float) -> str:
        needed_s, window_s = _NEEDS_S.get(name, (0.0, 0.0))
        if known_s >= needed_s:
            return ""
        if self.window_s < window_s:
            return f"it needs {needed_s:g} s in one window: --window {window_s:g}"
        return f"it needs {needed_s:g} s, and this window has {known_s:.0f} s"

    def _little(self, reading: Reading, what: str, window: WindowMetrics) -> str:
        length_s = window.end_s - window.start_s
        if length_s < _HALF * self.window_s:
            return f"{length_s:.0f} s are less than half of a window"
        if reading.coverage < _HALF:
            share = f"{reading.coverage:.0%} of the window"
            return f"{what} that can be trusted: {share}, and half of it is needed"
        return ""
