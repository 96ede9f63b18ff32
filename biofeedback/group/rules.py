"""One state out of several: each counts as surely as it is known, and not at all when it is not."""

from __future__ import annotations

import math
from collections.abc import Mapping

from biofeedback.common.portable_math import exp, log
from biofeedback.metrics.base import Reading
from biofeedback.state.estimator import State, SubjectState
from biofeedback.state.notes import Note

__all__ = ["mean", "mean_readings", "weights"]

#: Confidence below which a wearer does not count at all, and from which fully. Between them the
#: weight rises evenly, so that nobody who comes or goes makes the music jump. Ours; the upper one
#: is where a single listener begins to be followed.
_UNSURE, _SURE = 0.15, 0.35
_INTERVAL_SDS = 1.645  #: the estimator's interval: 90 %
_EDGE = 1e-6


def weights(bodies: Mapping[str, SubjectState]) -> dict[str, float]:
    """Return how much each wearer counts; together 1, or all 0 when nobody can be told."""
    raw = {name: _certainty(body.state) for name, body in bodies.items()}
    total = math.fsum(raw.values())
    return {name: weight / total if total else 0.0 for name, weight in raw.items()}


def mean(bodies: Mapping[str, SubjectState], shares: Mapping[str, float], now_s: float) -> State:
    """Return the precision-weighted mean of wearers on the scale of the estimator's index.

    That is the mean of log odds, each with the inverse of its variance (the fixed-effect mean of
    Borenstein et al. 2010, doi 10.1002/jrsm.12); the interval is that of the mean. Without anybody
    who counts, all count alike and the confidence is the lowest, so that the music holds.
    """
    states = {name: body.state for name, body in bodies.items()}
    if not any(shares.values()):
        shares = {name: 1.0 / len(states) for name in states}
        confidence = min(state.confidence for state in states.values())
    else:
        confidence = math.fsum(shares[name] * state.confidence for name, state in states.items())
    index = math.fsum(shares[name] * _log_odds(state.arousal) for name, state in states.items())
    variance = math.fsum(_square(shares[name] * _sd(state)) for name, state in states.items())
    margin = _INTERVAL_SDS * math.sqrt(variance)
    counted = [state for name, state in states.items() if shares[name] > 0.0]
    breaths = [s.breaths_per_minute for s in counted if s.breaths_per_minute is not None]
    return State(
        time_s=now_s,
        arousal=_share(index),
        low=_share(index - margin),
        high=_share(index + margin),
        confidence=confidence,
        phase="rest" if any(state.phase == "rest" for state in states.values()) else "tracking",
        contributions=contributions(states),
        breaths_per_minute=math.fsum(breaths) / len(breaths) if breaths else None,
        notes=notes(states),
    )


def contributions(states: Mapping[str, State]) -> dict[str, float]:
    """Return every wearer's deviations from their rest, by wearer and reading."""
    return {
        f"{name}/{reading}": z
        for name, state in states.items()
        for reading, z in state.contributions.items()
    }


def notes(states: Mapping[str, State]) -> tuple[Note, ...]:
    """Return what is to be said of anybody, each once."""
    return tuple(dict.fromkeys(note for state in states.values() for note in state.notes))


def mean_readings(
    bodies: Mapping[str, SubjectState], shares: Mapping[str, float]
) -> tuple[Reading, ...]:
    """Return each reading's mean over the wearers who count and have it, by weight and quality."""
    everybody = list(bodies.items())
    means = []
    for column in zip(*(body.readings for _, body in everybody), strict=True):
        weighted = [
            (shares[name] * reading.quality, shares[name], reading)
            for (name, _), reading in zip(everybody, column, strict=True)
            if reading.value is not None
        ]
        means.append(_mean_reading(column[0], weighted))
    return tuple(means)


def _mean_reading(like: Reading, weighted: list[tuple[float, float, Reading]]) -> Reading:
    total = math.fsum(w for w, _, _ in weighted)
    counted = math.fsum(share for _, share, _ in weighted)
    value, quality, coverage = None, 0.0, 0.0
    if total > 0.0:
        value = math.fsum(w * (reading.value or 0.0) for w, _, reading in weighted) / total
        quality = math.fsum(share * reading.quality for _, share, reading in weighted) / counted
        coverage = math.fsum(share * reading.coverage for _, share, reading in weighted) / counted
    return Reading(like.name, value, like.unit, like.window_s, like.time_s, quality, coverage)


def _certainty(state: State) -> float:
    ramp = min(1.0, max(0.0, (state.confidence - _UNSURE) / (_SURE - _UNSURE)))
    return ramp / _square(_sd(state))


def _sd(state: State) -> float:
    return max(_EDGE, (_log_odds(state.high) - _log_odds(state.low)) / (2.0 * _INTERVAL_SDS))


def _square(x: float) -> float:
    return x * x


def _log_odds(share: float) -> float:
    share = min(1.0 - _EDGE, max(_EDGE, share))
    return log(share / (1.0 - share))


def _share(log_odds: float) -> float:
    return 1.0 / (1.0 + exp(-log_odds))
