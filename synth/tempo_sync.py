"""How our tempo follows another device's: by its beat and bar, without a jump of the phase."""

from __future__ import annotations

import math

from synth.tempo_map import TempoMap, TempoSegment

__all__ = ["STANDSTILL_BPM", "entry", "stands_still", "steered"]

#: The tempo of music that waits: so slow that no further note begins.
STANDSTILL_BPM = 1e-6
_BAR_BEATS = 4.0
_RETURN_BEATS = 2.0  # an error of phase is gone after about this time
_MOST_BEND = 0.15  # share of the tempo; of our own choosing, like the rest
_SAME_BPM = 0.005


def stands_still(tempo_map: TempoMap) -> bool:
    """Tell whether the music waits."""
    return tempo_map.segments[-1].bpm <= STANDSTILL_BPM


def entry(beat: float, bpm: float, at_s: float, from_s: float) -> float:
    """Return the first time from `from_s` on at which a bar of the other device begins.

    The other stands at `beat` at `at_s` and moves at `bpm`; its bars have four beats.
    """
    there = beat + (from_s - at_s) * bpm / 60.0
    bar = math.ceil(there / _BAR_BEATS - 1e-9) * _BAR_BEATS
    return at_s + (bar - beat) * 60.0 / bpm


def steered(
    tempo_map: TempoMap, beat: float, bpm: float, at_s: float, from_s: float
) -> TempoSegment | None:
    """Return the tempo from `from_s` on that takes our bars to the other's; None to go on as is.

    The nearer bar line counts. An error of phase is taken back by a tempo at most 15 % off.
    """
    from_s = max(from_s, tempo_map.segments[-1].time_s)
    ours = tempo_map.beat_at(from_s)
    theirs = beat + (from_s - at_s) * bpm / 60.0
    ahead = (theirs - ours + 0.5 * _BAR_BEATS) % _BAR_BEATS - 0.5 * _BAR_BEATS
    bend = max(-_MOST_BEND, min(_MOST_BEND, ahead / _RETURN_BEATS))
    wanted_bpm = bpm * (1.0 + bend)
    if abs(wanted_bpm - tempo_map.segments[-1].bpm) < _SAME_BPM:
        return None
    return TempoSegment(from_s, ours, wanted_bpm)
