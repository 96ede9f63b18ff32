"""The body of family B: beats as a point process, and skin as a state space that is seen in events.

The wait for the next beat is inverse Gaussian, its mean an autoregression on the last beats and
the breath (Barbieri et al. 2005); the autoregression's poles lie at the frequency of the
baroreflex, 0.055 to 0.11 Hz (Vaschillo et al. 2002). Once a second the skin answers or not, with a
chance and a size that follow the state, on a level that follows it too (Wickramasuriya and Faghih
2020); an answer has the shape t exp(-t / 1.2 s).
"""

from __future__ import annotations

import math

import numpy as np

from sensors.signals import Chunk, Signal

__all__ = ["BodyB"]

SOURCE = "virtual listener"
_EDA_HZ = 4.0
_POLE = 0.88
_SHAPE_S = 1.2
_LEVEL_LAG_S = 20.0


class BodyB:
    """One body; `advance` takes half a second's deviation of arousal and the breath's phase."""

    def __init__(self, seed: int) -> None:
        rng = self._rng = np.random.default_rng([seed, 24])
        self._mean_s = float(rng.normal(0.87, 0.08))
        self._log_per_sd = float(rng.uniform(0.04, 0.075))  #: RR shortens by 4 to 7.5 %
        self._swing_s = float(rng.uniform(0.015, 0.04))
        self._swing_per_sd = float(rng.uniform(0.1, 0.25))
        self._kappa = float(rng.uniform(1500.0, 4000.0))  #: regularity of the beats, in s
        self.resonance_hz = float(rng.uniform(0.055, 0.11))
        angle = 2.0 * math.pi * self.resonance_hz * self._mean_s
        self._poles = (2.0 * _POLE * math.cos(angle), -(_POLE**2))
        self._before, self._last = 0.0, 0.0  #: deviations of the last two beats
        self._time_s = 0.0
        self._last_1024 = 0
        self._due_s = float(rng.uniform(0.3, 0.9))
        self._level_us = float(rng.lognormal(1.3, 0.4))
        self._level_per_sd = float(rng.uniform(0.08, 0.22))
        rest_chance = float(rng.uniform(1.5, 5.0)) / 60.0
        self._chance_logit = math.log(rest_chance / (1.0 - rest_chance))
        self._chance_per_sd = float(rng.uniform(0.25, 0.6))
        self._level_sd: float | None = None
        self._first = self._second = self._drift = 0.0
        self._half_seconds = 0

    def step(self, deviation: float, phase: float, rate_hz: float) -> list[Chunk]:
        """Let half a second pass; return the RR intervals and skin samples in it.

        `phase` is that of the breath at its end, in cycles.
        """
        if self._level_sd is None:
            self._level_sd = deviation
        end_s = 0.5 * (self._half_seconds + 1)
        beats = []
        while self._due_s < end_s:
            cycle = phase - rate_hz * (end_s - self._due_s)
            tick = round(1024 * self._due_s)
            if self._last_1024:
                beats.append((tick / 1024, (tick - self._last_1024) / 1024))
            self._last_1024 = tick
            self._due_s = tick / 1024 + self._wait_s(deviation, cycle)
        self._level_sd += (deviation - self._level_sd) * 0.5 / _LEVEL_LAG_S
        skin = self._skin(deviation)
        chunks = []
        if beats:
            times, intervals = zip(*beats, strict=True)
            chunks.append(Chunk.events(Signal.RR, SOURCE, times, intervals))
        t0_s = 0.5 * self._half_seconds
        self._half_seconds += 1
        chunks.append(Chunk.regular(Signal.EDA, SOURCE, t0_s, _EDA_HZ, skin))
        return chunks

    def _wait_s(self, deviation: float, cycle: float) -> float:
        mean_s = self._mean_s * math.exp(-self._log_per_sd * deviation)
        swing_s = self._swing_s * math.exp(-self._swing_per_sd * max(-3.0, deviation))
        first, second = self._poles
        breath_s = swing_s * math.sin(2.0 * math.pi * cycle)
        slow_s = first * self._last + second * self._before
        slow_s += float(self._rng.normal(0.0, 0.25 * swing_s)) + 0.08 * breath_s
        self._before, self._last = self._last, slow_s
        expected_s = min(1.8, max(0.36, mean_s + slow_s + breath_s))
        return min(2.0, max(0.33, float(self._rng.wald(expected_s, self._kappa))))

    def _skin(self, deviation: float) -> list[float]:
        assert self._level_sd is not None
        rng = self._rng
        if self._half_seconds % 2 == 0:
            logit = self._chance_logit + self._chance_per_sd * deviation
            if rng.random() < 1.0 / (1.0 + math.exp(-logit)):
                self._first += 0.22 * math.e * math.exp(0.1 * deviation + rng.normal(0.0, 0.4))
            self._drift = 0.999 * self._drift + 0.002 * rng.standard_normal()
        fade = math.exp(-0.25 / _SHAPE_S)
        samples = []
        for noise in rng.normal(0.0, 0.002, 2):
            self._second = fade * (self._second + 0.25 / _SHAPE_S * self._first)
            self._first *= fade
            level = self._level_us * math.exp(self._level_per_sd * self._level_sd + self._drift)
            samples.append(max(0.05, level + self._second + float(noise)))
        return samples
