"""Writes a session's log by hand: what a body sent, with a gap in it, and what was made of it."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
import numpy as np
from rigs.sessions import PLAIN_HEADER

from biofeedback.record import lines
from biofeedback.record.inputs import input_line
from biofeedback.record.line import encode
from biofeedback.record.reader import LOG_NAME
from sensors.signals import Chunk, Gap, Signal

__all__ = ["GAP_S", "LENGTH_S", "LoggedBody", "write_log"]

LENGTH_S = 100
GAP_S = (40.0, 70.0)  #: in which nothing came
_RATES_HZ = {
    Signal.EDA: 4.0, Signal.ECG: 130.0003, Signal.PPG: 64.0, Signal.TEMP: 4.0, Signal.ACC: 50.0,
    Signal.RESP: 25.0,
}  # fmt: skip
_LEVELS = {Signal.EDA: 3.0, Signal.TEMP: 33.0, Signal.PPG: 100.0}


@dataclass(slots=True)
class LoggedBody:
    """All signals, a chunk for each second: of each its times (n,) and values (n, channels)."""

    times_s: dict[Signal, np.ndarray] = field(default_factory=dict)
    values: dict[Signal, np.ndarray] = field(default_factory=dict)
    chunks: list[Chunk] = field(default_factory=list)
    gaps: dict[Signal, Gap] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(5)
        for signal, rate_hz in _RATES_HZ.items():
            times_s = np.arange(int(LENGTH_S * rate_hz)) / rate_hz
            width = 3 if signal is Signal.ACC else 1
            values = _LEVELS.get(signal, 0.0) + rng.normal(0.0, 0.2, (len(times_s), width))
            self._send(signal, times_s, values.round(5), rate_hz)
        rr_s = 0.8 + 0.05 * np.sin(np.arange(120) / 3)
        self._send(Signal.RR, np.cumsum(rr_s), rr_s[:, None], None)
        times_s = np.arange(1.0, LENGTH_S, 5.0) + rng.uniform(0.0, 2.0, 20)
        self._send(Signal.HR, times_s, rng.normal(72.0, 3.0, (20, 1)).round(1), None)

    def _send(
        self, signal: Signal, times_s: np.ndarray, values: np.ndarray, rate_hz: float | None
    ) -> None:
        """Send what does not lie in the gap; an interval lies in it from where it begins."""
        begins_s = times_s - (values[:, 0] if signal is Signal.RR else 0.0)
        known = (times_s < GAP_S[0]) | (begins_s >= GAP_S[1])
        times_s, values, begins_s = times_s[known], values[known], begins_s[known]
        for second in np.unique(np.floor(times_s)):
            now = np.floor(times_s) == second
            chunk = Chunk.events(signal, "worn", times_s[now], values[now])
            if rate_hz is not None:
                chunk = Chunk.regular(signal, "worn", times_s[now][0], rate_hz, values[now])
                chunk = replace(chunk, device_times_s=times_s[now] + 1000.0)
            self.chunks.append(chunk)
        sent = [chunk for chunk in self.chunks if chunk.signal is signal]
        self.times_s[signal] = np.concatenate([chunk.times_s for chunk in sent])
        self.values[signal] = values
        last_s, first_s = times_s[times_s < GAP_S[0]][-1], begins_s[times_s >= GAP_S[1]][0]
        self.gaps[signal] = Gap(signal, "worn", float(last_s), float(first_s), "link")


def write_log(folder: Path, made: LoggedBody, *, marker: str = "a door", **header: object) -> Path:
    """Write the log of a session into which all of that came; return its folder."""
    folder.mkdir(parents=True)
    told = {
        "started_utc": "2026-11-30T17:20:30.250+00:00",
        "sensors": ["file:worn"],
        "recordings": {"worn": "0" * 64},
    } | header
    rows: list[lines.Line] = [msgspec.structs.replace(PLAIN_HEADER, simulated=False, **told)]
    rows += [input_line(0, float(chunk.times_s[-1]), chunk) for chunk in made.chunks]
    rows += [input_line(0, gap.end_s, gap) for gap in made.gaps.values()]
    for time_s, what, value in ((12.5, "marker", marker), (30.0, "rating", "arousal=6")):
        rows.append(lines.CommandLine(t=time_s, seq=0, who="key", what=what, value=value))
    for second in range(LENGTH_S):
        level = lines.ReadingItem("scl", 3.0 + second / 1000, "uS", 10.0, second, 1.0, 1.0)
        rows.append(lines.ReadingLine(t=float(second), seq=0, readings=[level]))
        state = lines.StateLine(
            t=float(second), seq=0, arousal=0.25 + second / 1000, low=0.2, high=0.6,
            confidence=0.9, phase="tracking", breaths_per_minute=None, contributions={},
        )  # fmt: skip
        rows.append(state)
    rows.append(lines.TempoLine(t=0.0, seq=0, time=0.0, beat=0.0, bpm=60.0))
    for number, (beat, pitch) in enumerate(((1.0, 60), (1.70123, 64))):
        note = lines.NoteLine(
            t=0.0, seq=0, id=number, beat=beat, beats=0.4, pitch=pitch, velocity=80, layer="melody"
        )
        rows.append(note)
    rows.sort(key=lambda line: line.t)
    rows.append(lines.EndLine(t=float(LENGTH_S), seq=0, reason="duration", counters={}))
    data = [encode(msgspec.structs.replace(line, seq=seq)) for seq, line in enumerate(rows)]
    (folder / LOG_NAME).write_bytes(b"\n".join(data) + b"\n")
    return folder
