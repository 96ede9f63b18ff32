"""Skin responses against neurokit2's, nothing where there is nothing, and how early.

neurokit2 looks for peaks in the part of skin conductance above 0.05 Hz, with a threshold that is a
share of the largest. With an absolute threshold of 0.05 uS it also reports peaks while the
conductance itself falls: the filter swings back after a large response. A response is a rise of
conductance (Boucsein 2012), so the first rows count neurokit2's events over which the conductance
rises by the threshold, and the rows below all of them. How far neurokit2's own ways of splitting
agree with one another says what such a count can mean.
"""

from __future__ import annotations

import numpy as np

from biofeedback.metrics.eda_samples import EdaCoverage, EdaGate
from biofeedback.metrics.scr import Scr, ScrRate
from body.data import eda_recordings
from body.table import Table
from sensors.signals import Chunk, FloatArray, Signal

__all__ = ["run"]

#: neurokit2's filter cannot judge the first seconds of a recording.
_EDGE_S, _WITHIN_S, _SMALLEST_US = 5.0, 1.5, 0.05
_ASKED = {"lab": 0.90, "E4": 0.85}


def responses(values_us: FloatArray, rate_hz: float) -> list[Scr]:
    """Return our skin responses of a signal."""
    scr = ScrRate(60.0, EdaCoverage(60.0))
    return scr.feed(EdaGate().feed(Chunk.regular(Signal.EDA, "x", 0.0, rate_hz, values_us)))


class Events:
    """neurokit2's events: times of onsets and peaks in s, rises in uS of part and level."""

    def __init__(self, values_us: FloatArray, rate_hz: float, method: str = "highpass") -> None:
        import neurokit2

        clean = neurokit2.eda_clean(values_us, sampling_rate=rate_hz)
        parts = neurokit2.eda_phasic(clean, sampling_rate=rate_hz, method=method)
        phasic = parts["EDA_Phasic"].to_numpy()
        _, info = neurokit2.eda_peaks(phasic, sampling_rate=rate_hz, amplitude_min=0)
        known = np.isfinite(info["SCR_Onsets"])
        onsets = info["SCR_Onsets"][known].astype(int)
        peaks = info["SCR_Peaks"][known].astype(int)
        large = info["SCR_Amplitude"][known] >= _SMALLEST_US
        late = peaks / rate_hz > _EDGE_S
        kept = large & late
        self.onset_s, self.peak_s = onsets[kept] / rate_hz, peaks[kept] / rate_hz
        self.rises = (values_us[peaks] - values_us[onsets])[kept] >= _SMALLEST_US


def pairs(mine: list[float], theirs: list[float]) -> list[tuple[int, int]]:
    """Return the pairs of neighbours in two lists of times, each used once."""
    found, used = [], set()
    for number, time_s in enumerate(theirs):
        near = [
            (abs(other - time_s), index)
            for index, other in enumerate(mine)
            if abs(other - time_s) <= _WITHIN_S and index not in used
        ]
        if near:
            used.add(min(near)[1])
            found.append((min(near)[1], number))
    return found


class _Score:
    def __init__(self) -> None:
        self._hits = self._mine = self._theirs = 0

    def add(self, mine: list[float], theirs: list[float]) -> list[tuple[int, int]]:
        found = pairs(mine, theirs)
        self._hits += len(found)
        self._mine += len(mine)
        self._theirs += len(theirs)
        return found

    @property
    def f1(self) -> float:
        return 2 * self._hits / max(1, self._mine + self._theirs)

    def __str__(self) -> str:
        return f"{self.f1:.3f} ({self._mine}, {self._theirs})"


def run(table: Table, quick: bool) -> None:
    """Add the rows."""
    delays: list[float] = []
    for label, recordings in eda_recordings(quick).items():
        _agreement(table, label, recordings, delays)
    median, late = np.percentile(delays, [50, 90])
    table.row(
        "SCR alarm after neurokit2's onset, median; p90", f"{median:.2f}; {late:.2f} s",
        "<= 0.5; 1.0 s", median <= 0.5 and late <= 1.0,
    )  # fmt: skip
    hours = 0.1 if quick else 1.0
    for rate_hz in (4.0, 15.0, 32.0, 100.0):
        count, rng = int(3600 * hours * rate_hz), np.random.default_rng(3)
        flat = len(responses(np.full(count, 2.0), rate_hz))
        noisy = len(responses(2.0 + 0.001 * rng.normal(size=count), rate_hz))
        table.row(
            f"SCRs in {hours:g} h at {rate_hz:g} Hz: flat; 1 nS noise", f"{flat}; {noisy}", "0; 0",
            flat == noisy == 0,
        )  # fmt: skip


def _agreement(
    table: Table, label: str, recordings: list[tuple[FloatArray, float]], delays: list[float]
) -> None:
    rising, every, median, own = _Score(), _Score(), _Score(), _Score()
    for values_us, rate_hz in recordings:
        mine = [scr for scr in responses(values_us, rate_hz) if scr.peak_s > _EDGE_S]
        peaks_s = [scr.peak_s for scr in mine]
        theirs = Events(values_us, rate_hz)
        other = Events(values_us, rate_hz, "median")
        onsets_s = theirs.onset_s[theirs.rises]
        for a, b in rising.add(peaks_s, theirs.peak_s[theirs.rises].tolist()):
            delays.append(mine[a].alarm_s - float(onsets_s[b]))
        every.add(peaks_s, theirs.peak_s.tolist())
        median.add(peaks_s, other.peak_s.tolist())
        own.add(theirs.peak_s.tolist(), other.peak_s.tolist())
    asked, goal = _ASKED[label], f">= {_ASKED[label]:.2f}"
    for what, score in (("that rise", rising), ("all of them, falls too", every)):
        table.row(f"SCR F1 {label}, neurokit2's, {what}", str(score), goal, score.f1 >= asked)
    table.row(f"SCR F1 {label}, neurokit2's by its median filter", str(median))
    table.row("  neurokit2's high-pass against its own median filter", str(own))
