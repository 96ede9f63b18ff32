"""What of a state bears witness to a rise: the heart alone.

The level of skin conductance drifts by itself for as long as a sensor is worn: on 17 people who
heard nothing it lay beyond three standard deviations of their rest for half of the time. Rules that
compare a later minute with an earlier one took that for arousal, and must not look at it.
`benchmarks/recorded_nulls.py` has what they did with and without.
"""

from __future__ import annotations

import math

from biofeedback.state.estimator import State

__all__ = ["REST", "arousal_of", "heart_deviation", "rate_deviation"]

REST = 0.3  #: the arousal of a rest
_REST_LOGIT = math.log(REST / (1.0 - REST))
#: The shares that the estimate gives them, where both can be trusted.
_RATE, _VARIABILITY = 0.8, -0.2


def rate_deviation(state: State) -> float | None:
    """Return how many standard deviations above rest the heart rate is; None when it is unseen.

    A state that says nothing of its readings has its arousal for a witness.
    """
    if not state.contributions:
        arousal = min(max(state.arousal, 0.01), 0.99)
        return (math.log(arousal / (1.0 - arousal)) - _REST_LOGIT) / -_REST_LOGIT
    return state.contributions.get("heart_rate")


def heart_deviation(state: State) -> float | None:
    """Return the same of the heart as a whole, its variability included where that is known."""
    rate = rate_deviation(state)
    variability = state.contributions.get("ln_rmssd")
    if rate is None or variability is None:
        return rate
    return _RATE * rate + _VARIABILITY * variability


def arousal_of(deviation: float) -> float:
    """Return a deviation on the scale of arousal, 0 to 1, on which rest is 0.3."""
    return 1.0 / (1.0 + math.exp(min(700.0, _REST_LOGIT * (deviation - 1.0))))
