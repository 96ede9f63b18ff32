"""What is said of a course: whether a listener was brought to the set point and kept there.

All judgements are on the listener's own arousal, smoothed over 30 s, never on the estimate. The
criteria were written down before the benchmark was run.
"""

from __future__ import annotations

import msgspec
import numpy as np

from biofeedback.lab.base import SessionCourse
from sensors.signals import FloatArray

__all__ = ["BAND", "CourseVerdict", "judge"]

#: Half the width of the band around the set point, of the range of arousal from 0 to 1.
BAND = 0.1
_SMOOTH_S = 30
_LATEST_S = 480  #: to have arrived
_KEPT = 0.9  #: share of the time after arrival within the band
_SETTLE_S = 60
#: Three full swings of at least a band's half each way are a limit cycle.
_SWING, _CYCLES = 0.05, 3


class CourseVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """How one course went; shares are of the range of arousal, times in s."""

    arrived_s: float | None  #: when it first was within the band for good measure
    kept: float  #: share of the time since then within it
    success: bool
    overshoot: float  #: how far under the set point after arrival
    cycles: bool
    struck: bool  #: something from outside stirred the listener up after arrival
    fall: float  #: arousal of the first minute less that of the last two
    end: float  #: arousal of the last two minutes
    upward: int
    stop_s: float | None  #: when a stop rule first was at work
    paradox_s: float | None  #: when the listener was taken for one whom calm music stirs up
    captured: float  #: of the last two minutes, 0 to 1
    fastest_pace: float  #: of the swell, as a share of the own rate; 0 without
    slowest_pace: float | None  #: per minute
    resonance: float  #: of this heart, per minute
    last_pace: float  #: of the swell at the end, per minute; 0 without


def judge(course: SessionCourse, target: float | None = None) -> CourseVerdict:
    """Judge a course against a set point; None takes that of lead."""
    goal = course.case.config.control.lead.target if target is None else target
    arousal = np.asarray(course.arousal)
    smooth = _smooth(arousal)
    inside = np.abs(smooth - goal) <= BAND
    arrived = int(np.argmax(inside)) if inside.any() else None
    kept = float(inside[arrived:].mean()) if arrived is not None else 0.0
    after = smooth[arrived:] if arrived is not None else smooth[:0]
    paces = [pace for pace in course.pace if pace > 0.0]
    return CourseVerdict(
        arrived_s=None if arrived is None else float(arrived + _SMOOTH_S),
        kept=kept,
        success=arrived is not None and arrived + _SMOOTH_S <= _LATEST_S and kept >= _KEPT,
        overshoot=max(0.0, goal - float(after.min())) if len(after) else 0.0,
        cycles=_cycles(after[_SETTLE_S:]),
        struck=arrived is not None and any(s >= arrived for s in course.struck),
        fall=float(arousal[:60].mean() - arousal[-120:].mean()),
        end=float(arousal[-120:].mean()),
        upward=course.upward,
        stop_s=float(course.stops[0]) if course.stops else None,
        paradox_s=None if course.paradox_s is None else float(course.paradox_s),
        captured=float(np.mean(course.captured[-120:])),
        fastest_pace=max(paces, default=0.0) / course.own_breaths,
        slowest_pace=min(paces, default=None),
        resonance=course.resonance,
        last_pace=course.found or course.pace[-1],
    )


def _smooth(arousal: FloatArray) -> FloatArray:
    width = min(_SMOOTH_S, len(arousal))
    return np.asarray(np.convolve(arousal, np.ones(width) / width, mode="valid"))


def _cycles(course: FloatArray) -> bool:
    """Whether arousal swings up and down by more than the swing again and again.

    Turning points count only where the course has moved by twice the swing since the last one.
    """
    if len(course) == 0:
        return False
    turns, extreme, direction = 0, float(course[0]), 0
    for value in course.tolist():
        if (direction >= 0 and value > extreme) or (direction <= 0 and value < extreme):
            direction = direction or (1 if value > extreme else -1)
            extreme = value
        elif abs(value - extreme) >= 2.0 * _SWING:
            turns += 1
            direction, extreme = (-1 if value < extreme else 1), value
    return turns >= 2 * _CYCLES
