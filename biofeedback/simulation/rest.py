"""The resting values of the virtual listener, measured as a person's would be."""

from __future__ import annotations

from biofeedback.metrics.bank import MetricBank, MetricSettings
from biofeedback.state.baseline import Baseline, BaselineLearner, BaselineSettings
from sensors.simulated.body import BodySettings, SimulatedBody

__all__ = ["resting_baseline"]

REST_AROUSAL = 0.3


def resting_baseline(seed: int, rest_s: int = 180) -> Baseline | None:
    """Return what `rest_s` seconds of rest without music teach about the listener of a seed."""
    body = SimulatedBody(
        BodySettings(profile=((0.0, REST_AROUSAL),), seed=seed), "virtual listener"
    )
    bank, learner = MetricBank(MetricSettings()), BaselineLearner(BaselineSettings(rest_s=rest_s))
    for second in range(1, rest_s + 61):
        for chunk in body.advance(float(second)):
            bank.update(chunk)
        learner.update(bank.read(float(second)), float(second))
    return learner.result()
