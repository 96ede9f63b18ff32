"""A person whose readings take a course, and what the estimator makes of it."""

import math
from collections.abc import Callable

from biofeedback.metrics.base import Reading
from biofeedback.state.baseline import Baseline, RestingValue
from biofeedback.state.estimator import Estimator, EstimatorSettings, State

CALM = {"heart_rate": 62.0, "ln_rmssd": 3.7, "scl": 2.0, "scr_rate": 2.0}
STIRRED = {"heart_rate": 80.0, "ln_rmssd": 3.0, "scl": 3.0, "scr_rate": 9.0}
HEART, SKIN = ("heart_rate", "ln_rmssd"), ("scl", "scr_rate")
KNOWN = Baseline(
    {
        "heart_rate": RestingValue(62.0, 4.0, 360),
        "ln_rmssd": RestingValue(3.7, 0.2, 360),
        "scl": RestingValue(0.693, 0.1, 360),
        "scr_rate": RestingValue(1.0986, 0.4, 360),
    },
    180.0,
    weak=False,
)


def readings(
    values: dict[str, float | None], now_s: float, quality: float = 1.0
) -> tuple[Reading, ...]:
    return tuple(
        Reading(name, value, "", 30.0, now_s, 0.0 if value is None else quality, quality)
        for name, value in values.items()
    )


def tracked(
    course: Callable[[float], dict[str, float | None]],
    seconds: float,
    stored: Baseline | None = KNOWN,
    quality: float = 1.0,
) -> list[State]:
    estimator = Estimator(EstimatorSettings(), stored)
    return [
        estimator.step(readings(course(tick / 2), tick / 2, quality), tick / 2)
        for tick in range(int(2 * seconds) + 1)
    ]


def varied(sds: float, scl_share: float) -> Callable[[float], dict[str, float | None]]:
    """Return a course that swings within a minute, the heart by deviations and skin by a share."""

    def course(now_s: float) -> dict[str, float | None]:
        swing = math.sqrt(2.0) * math.sin(now_s / 10.0)
        pooled = math.sqrt((4.0**2 + 5.0**2) / 2.0)
        return {
            "heart_rate": 62.0 + pooled * sds * swing, "scl": 2.0 * (1.0 + scl_share * swing)
        }  # fmt: skip

    return course
